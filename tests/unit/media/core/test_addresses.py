"""Which of our addresses browsers are told."""

import pytest

from media.core.addresses import announceable, any_ipv6, found_on_interfaces


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("192.0.2.7", "192.0.2.7"), ("127.0.0.1", "127.0.0.1"), ("10.0.0.1", "10.0.0.1"), ("2001:DB8:0::7", "2001:db8::7"),
        ("::1", "::1"), ("fd00::1", "fd00::1"),
    ],
)  # fmt: skip
def test_what_is_named_is_announced(text: str, written: str) -> None:
    assert str(announceable(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "relay.example.org", "192.0.2", "192.0.2.300", "0.0.0.0", "224.0.0.1", "::", "ff02::1", "ff05::2", "fe80::1",
        "fe80::1%eth0", "2001:db8::1%1", "::ffff:192.0.2.7", "::ffff:127.0.0.1",
    ],
)  # fmt: skip
def test_what_no_browser_can_use_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|cannot"):
        announceable(text)


def test_unasked_only_what_leads_somewhere_is_announced_ipv4_first() -> None:
    found = ["fe80::1", "2001:db8::7", "::1", "127.0.0.1", "192.0.2.7", "169.254.1.1", "fd00::5", "192.0.2.7", "ff02::1"]
    assert found_on_interfaces(found) == ["192.0.2.7", "2001:db8::7", "fd00::5"]
    assert any_ipv6(("192.0.2.7", "fd00::5")) and not any_ipv6(("192.0.2.7",))
