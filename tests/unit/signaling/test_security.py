"""Whose request it is: origins, and what an error of validation says."""

import pytest
from pydantic import ValidationError

from common.errors import UserError
from signaling.http.security import describe, error_response, same_origin
from signaling.settings import Settings
from signaling.socket.messages import WalkIn


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        (None, "a.example", True),  # no browser, or a same-origin GET
        ("http://a.example", "a.example", True),
        ("http://a.example:8123", "a.example:8123", True),
        ("http://a.example:8123", "a.example", False),
        ("https://a.example", "a.example", False),
        ("http://evil.example", "a.example", False),
        ("http://a.example.evil.example", "a.example", False),
        ("null", "a.example", False),
        ("http://[", "a.example", False),
        ("", "a.example", False),
    ],
)
def test_origin_must_be_ours(origin: str | None, host: str, ours: bool) -> None:
    headers = {"Host": host} | ({"Origin": origin} if origin is not None else {})
    assert same_origin(settings(), headers) is ours


def test_behind_a_proxy_only_the_public_url_counts() -> None:
    proxied = settings(public_url="https://care.example.org")
    assert same_origin(proxied, {"Origin": "https://care.example.org", "Host": "10.0.0.5:8123"})
    assert not same_origin(proxied, {"Origin": "https://10.0.0.5:8123", "Host": "10.0.0.5:8123"})


def test_validation_errors_name_the_field_and_never_the_value() -> None:
    with pytest.raises(ValidationError) as refused:
        WalkIn.model_validate({"hospital": "canary-value", "department": "d", "name": "x", "language": "en"})
    words = describe(refused.value)
    assert words.startswith("hospital")
    assert "canary-value" not in words


def test_an_error_that_time_heals_says_how_long() -> None:
    late = error_response(UserError("too_many_attempts", "Too many.", retry_after_s=271.2))
    assert (late.status, late.headers["Retry-After"]) == (429, "272")
    assert "Retry-After" not in error_response(UserError("forbidden", "No.")).headers
