"""Messages of RFC 5322 that cannot be bent by an address, and the pauses between tries."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outbox.delivery import LONGEST_PAUSE_S, NotSent, pause_s
from common.outbox.mail import Mail, message
from common.outbox.smtp import SmtpServer, smtp_server

SENDER = "consilium@hospital.example"


def mail(recipient: str, text: str = "您好\n") -> Mail:
    return Mail("m_aaaaaaaaaaaaaaaa", recipient, "zh", "您的在线看诊", text, 1_600_000_000.0)


addresses = st.one_of(
    st.text(max_size=40),
    st.builds(lambda a, b: f"{a}@{b}", st.text(max_size=20), st.text(max_size=20)),
    st.text('ab.@,;:<>()[]"\\ \r\n\t=?é中', max_size=30),
)


@given(addresses)
def test_an_address_is_refused_or_stands_alone_in_the_header(address: str) -> None:
    try:
        octets = message(mail(address), SENDER).as_bytes(policy=policy.SMTPUTF8)
    except NotSent as refused:
        assert refused.for_good
        return
    read = message_from_bytes(octets, policy=policy.default)
    assert [one.addr_spec.encode(errors="surrogateescape") for one in read["To"].addresses] == [address.encode()]
    assert read["Bcc"] is None and read["Cc"] is None and read["From"] == SENDER
    assert read.get_content().splitlines() == ["您好"]


def test_an_ordinary_mail_says_what_it_is() -> None:
    built = message(mail("bai.yun+visit@mail.example"), SENDER)
    assert built["Subject"] == "您的在线看诊" and built["Content-Language"] == "zh"
    assert built["Auto-Submitted"] == "auto-generated"
    assert built["Message-ID"] == "<m_aaaaaaaaaaaaaaaa@hospital.example>"
    assert built["Date"] == "Sun, 13 Sep 2020 12:26:40 +0000"
    assert max(len(line) for line in built.as_bytes().splitlines()) <= 998  # RFC 5322, 2.1.1


@given(st.integers(1, 200))
def test_pauses_grow_and_are_bounded(attempts: int) -> None:
    assert 0 < pause_s(attempts) <= pause_s(attempts + 1) <= LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25, False)),
        ("smtp://u%40x:p%3A%2F@mail.example", SmtpServer("mail.example", 587, False, "u@x", "p:/")),
        ("smtps://u:p@mail.example", SmtpServer("mail.example", 465, True, "u", "p")),
        ("smtp://127.0.0.1:2525", SmtpServer("127.0.0.1", 2525, False)),
    ],
)
def test_where_mail_is_handed_over(url: str, server: SmtpServer) -> None:
    assert smtp_server(url) == server
    assert "p%3A" not in repr(smtp_server(url)) and "p:/" not in repr(smtp_server(url))
