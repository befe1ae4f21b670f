"""HTTP from outside: headers on every answer, whose requests are taken, and errors that say what is wrong and nothing more."""

from typing import Any

import pytest
import yarl

from tests.integration.signaling.conftest import Visitors
from tests.peers_signaling import CSRF

ROUTES = ["/", "/desk", "/join", "/api/hospitals", "/api/staff/session", "/health/live", "/health/ready", "/metrics", "/nowhere"]
UNSAFE = [("POST", "/api/walk-ins"), ("POST", "/api/join"), ("POST", "/api/staff/session"), ("DELETE", "/api/staff/session")]


@pytest.mark.parametrize("route", ROUTES)
async def test_every_answer_bears_the_headers(visitors: Visitors, route: str) -> None:
    async with visitors.session.get(visitors.server.base + route) as response:
        headers = response.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "consilium"
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Consilium": "1", "Origin": "http://evil.example"},
        {"X-Consilium": "1", "Origin": "null"},
        {"Origin": "http://127.0.0.1"},
    ],
)
async def test_unsafe_requests_from_elsewhere_are_refused(visitors: Visitors, headers: dict[str, str]) -> None:
    for method, path in UNSAFE:
        async with visitors.session.request(method, visitors.server.base + path, json={}, headers=headers) as response:
            assert response.status == 403
            assert (await response.json())["code"] == "cross_origin"


GOOD: dict[str, Any] = {"hospital": "h_aaaaaaaaaaaaaaaa", "department": "d_aaaaaaaaaaaaaaaa", "name": "x", "language": "en"}


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"", "bad_body", 400),
        (b"{", "bad_body", 400),
        (b"[]", "bad_body", 400),
        (b"null", "bad_body", 400),
        (b'{"hospital": 1}', "bad_body", 400),
        (b"[" * 10_000, "bad_body", 400),
        (b"x" * 70_000, "too_large", 413),
        (GOOD | {"name": ""}, "bad_body", 400),
        (GOOD | {"name": "canary" * 20}, "bad_body", 400),
        (GOOD | {"extra": True}, "bad_body", 400),
        (GOOD | {"birth_year": "1948"}, "bad_body", 400),
        (GOOD | {"language": "canary"}, "bad_body", 400),
        (GOOD, "unknown_department", 409),
    ],
)
async def test_bad_bodies_get_a_code_and_never_their_own_words(visitors: Visitors, body: Any, code: str, status: int) -> None:
    given: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"data": body}
    headers = CSRF if isinstance(body, dict) else CSRF | {"Content-Type": "application/json"}
    async with visitors.session.post(f"{visitors.server.base}/api/walk-ins", headers=headers, **given) as response:
        answer = await response.json()
        assert (response.status, answer["code"]) == (status, code)
        assert "canary" not in answer["message"]


async def test_a_seat_cookie_cannot_be_read_or_sent_by_others(visitors: Visitors) -> None:
    hospital: Any = await visitors.hospital()
    body = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "Bai Yun", "language": "zh"}
    async with visitors.session.post(f"{visitors.server.base}/api/walk-ins", json=body, headers=CSRF) as response:
        assert response.status == 201
        seat = (await response.json())["seat"]
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"consilium-{seat}=")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie


async def test_sign_in_says_the_same_for_number_and_password(visitors: Visitors) -> None:
    answers = []
    for number in ("1001", "9999"):
        body = {"staff_number": number, "password": "wrong"}
        async with visitors.session.post(f"{visitors.server.base}/api/staff/session", json=body, headers=CSRF) as response:
            answers.append((response.status, await response.json()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_a_right_password_alone_signs_nobody_in(visitors: Visitors) -> None:
    body = {"staff_number": "1004", "password": visitors.password()}
    async with visitors.session.post(f"{visitors.server.base}/api/staff/session", json=body, headers=CSRF) as response:
        assert (response.status, await response.json()) == (200, {"next": "code", "secret": None, "uri": None})
        assert "Set-Cookie" not in response.headers
    async with visitors.session.post(
        f"{visitors.server.base}/api/staff/session", json=body | {"code": "000000"}, headers=CSRF
    ) as response:
        assert (response.status, (await response.json())["code"]) == (401, "code_wrong")
        assert "Set-Cookie" not in response.headers


async def test_a_cookie_set_before_never_survives_the_sign_in(visitors: Visitors) -> None:
    """Session fixation: whatever cookie came, also a living one of the same person, another one is given and that one is dead."""
    former = await visitors.sign_in("1005")
    for planted in (former, "consilium-staff=" + "A" * 43):
        body = {"staff_number": "1005", "password": visitors.password(), "code": await visitors.server.authenticator.code("1005")}
        async with visitors.session.post(
            f"{visitors.server.base}/api/staff/session", json=body, headers=CSRF | {"Cookie": planted}
        ) as response:
            assert response.status == 201
            given = response.headers["Set-Cookie"]
        assert given.startswith("consilium-staff=") and planted not in given
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert part in given
        assert not await visitors.signed_in(planted)
        assert await visitors.signed_in(given.partition(";")[0])


async def test_signing_out_ends_the_session(visitors: Visitors) -> None:
    cookie = {"Cookie": await visitors.sign_in()}
    async with visitors.session.get(f"{visitors.server.base}/api/staff/session", headers=cookie) as response:
        assert response.status == 200
        assert (await response.json())["practitioner"]["name"]["en"] == "Dr An Ning"
    async with visitors.session.delete(f"{visitors.server.base}/api/staff/session", headers=CSRF | cookie) as response:
        assert response.status == 204
    async with visitors.session.get(f"{visitors.server.base}/api/staff/session", headers=cookie) as response:
        assert response.status == 401


PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/nowhere", "/visit/s_half", "/join/%7E", "/desk/nurse", "/api/nothing", "//elsewhere.example/"]
)
async def test_who_opens_an_address_that_leads_nowhere_is_shown_a_page_and_a_program_an_error(
    visitors: Visitors, path: str
) -> None:
    url = yarl.URL(visitors.server.base + path, encoded=True)
    async with visitors.session.get(url, headers=PERSON, allow_redirects=False) as response:
        assert (response.status, response.content_type) == (404, "text/html")
        assert 'id="app"' in await response.text()
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    async with visitors.session.get(url, allow_redirects=False) as response:
        assert (response.status, (await response.json())["code"]) == (404, "not_found")
    async with visitors.session.post(url, headers=PERSON | CSRF, allow_redirects=False) as response:
        assert (response.status, response.content_type) in {(404, "application/json"), (405, "application/json")}


@pytest.mark.parametrize("path", ["/join", "/desk", "/archive"])
async def test_a_slash_too_many_leads_to_the_page(visitors: Visitors, path: str) -> None:
    """By a redirect: the browser takes the token behind the address along."""
    async with visitors.session.get(visitors.server.base + path + "/", headers=PERSON, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (308, path)
