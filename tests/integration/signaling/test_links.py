"""Links from outside: invited, looked at, exchanged, moved, lost and sent again; and the mails that carry them."""

import asyncio
import contextlib
import email
import email.policy
import sqlite3
import time
from email.message import EmailMessage
from typing import Any

import pytest

from tests.integration.signaling.conftest import Visitors
from tests.peers_signaling import CSRF, Speaker
from tests.processes import wait_for

MAIL = "bai.yun@mail.example"


async def ask(
    visitors: Visitors, path: str, body: dict[str, Any], cookie: str = "", method: str = "POST"
) -> tuple[int, Any, str]:
    """One request: status, body, and the cookie that came with it."""
    headers = CSRF | ({"Cookie": cookie} if cookie else {})
    async with visitors.session.request(method, visitors.server.base + path, json=body, headers=headers) as response:
        given = "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())
        return response.status, (await response.json() if response.content_length else None), given


async def settled(person: Speaker, name: str = "seat_state") -> dict[str, Any]:
    await person.come()
    await wait_for(lambda: name in person.states, 10, name)
    return person.states[name]


_COOKIES: dict[str, str] = {}


async def staff(visitors: Visitors) -> str:
    """The first doctor's cookie, signed in once: a one-time code lasts for half a minute."""
    base = visitors.server.base
    if base not in _COOKIES:
        _COOKIES[base] = await visitors.sign_in()
    return _COOKIES[base]


def desk(visitors: Visitors, cookie: str) -> Speaker:
    """The doctor's desk."""
    person = Speaker({"audience": "desk", "protocol": 1}, cookie, [visitors.server.base])
    visitors.people.append(person)
    return person


async def own_departments(visitors: Visitors, cookie: str) -> list[str]:
    _, session, _ = await ask(visitors, "/api/staff/session", {}, cookie, "GET")
    return [one["id"] for one in session["departments"]]


async def invited(visitors: Visitors, **given: Any) -> tuple[dict[str, Any], str]:
    """An invitation by the first doctor; what was answered, and the doctor's cookie."""
    cookie = await staff(visitors)
    departments = await own_departments(visitors, cookie)
    body = {"department": departments[0], "name": "Bai Yun", "language": "en"} | given
    status, made, _ = await ask(visitors, "/api/staff/invitations", body, cookie)
    assert status == 201, made
    return made, cookie


def token_of(path: str) -> str:
    assert path.startswith("/join#")
    return path.removeprefix("/join#")


def mails(visitors: Visitors, recipient: str) -> list[EmailMessage]:
    """What lies in the folder for somebody, the earliest first."""
    files = sorted((visitors.server.data / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [mail for mail in read if mail["To"] == recipient]


def link_in(mail: EmailMessage, base: str) -> str:
    """The token of the link that stands on a line of its own."""
    (line,) = [line for line in str(mail.get_content()).splitlines() if line.startswith(f"{base}/join#")]
    return line.removeprefix(f"{base}/join#")


async def test_an_invited_patient_comes_by_mail_and_stands_in_line_for_the_doctor(visitors: Visitors) -> None:
    recipient = "invited@mail.example"
    made, cookie = await invited(visitors, email=recipient.upper(), starts_at=time.time() + 3600)
    assert made["mailed"]
    (mail,) = await wait_for(lambda: mails(visitors, recipient), 10, "the mail")
    text = mail.get_content()
    for secret in ("Bai Yun", "An Ning", "Respiratory"):
        assert secret not in text + mail["Subject"], "a mailbox is read by others"
    assert "Willow Bank Hospital" in text and "(Asia/Shanghai time)" in text
    token = link_in(mail, visitors.server.base)
    assert token == token_of(made["path"])

    status, card, _ = await ask(visitors, "/api/join/look", {"token": token})
    assert status == 200
    assert (card["kind"], card["patient"]["en"], card["in_use"]) == ("patient", "Bai Yun", False)
    assert card["practitioner"]["name"]["en"] == "Dr An Ning" and card["time_zone"] == "Asia/Shanghai"
    status, granted, seat_cookie = await ask(visitors, "/api/join", {"token": token})
    assert status == 201 and granted["page"] == f"/visit/{granted['seat']}"
    state = await settled(visitors.at(granted["seat"], seat_cookie))
    assert state["state"] == "waiting" and state["contact"] == "i•••@mail.example"
    for path in ("/api/join/look", "/api/join"):
        status, refusal, _ = await ask(visitors, path, {"token": token})
        assert (status, refusal["code"]) == (409, "link_spent")
    status, refusal, _ = await ask(visitors, f"/api/staff/invitations/{made['consultation']}", {}, cookie, "DELETE")
    assert (status, refusal["code"]) == (409, "invitation_gone")


async def test_the_desk_shows_who_was_invited_until_it_is_taken_back(visitors: Visitors) -> None:
    doctor = desk(visitors, await staff(visitors))
    before = await settled(doctor, "desk_state")
    departments = await own_departments(visitors, doctor._cookie)
    body = {"department": departments[0], "name": "Liu Yang", "language": "zh"}
    _, made, _ = await ask(visitors, "/api/staff/invitations", body, doctor._cookie)
    assert not made["mailed"]

    def shown() -> bool:
        return made["consultation"] in [one["consultation"] for one in doctor.states["desk_state"]["invited"]]

    await wait_for(shown, 10, "the invitation on the desk")
    assert doctor.states["desk_state"]["revision"] > before["revision"]
    status, _, _ = await ask(visitors, f"/api/staff/invitations/{made['consultation']}", {}, doctor._cookie, "DELETE")
    assert status == 204
    await wait_for(lambda: not shown(), 10, "the invitation to go")
    _, refusal, _ = await ask(visitors, "/api/join", {"token": token_of(made["path"])})
    assert refusal["code"] == "link_spent"


@pytest.mark.parametrize(
    ("who", "given", "code"),
    [
        ("nobody", {}, "not_signed_in"),
        ("doctor", {"department": "d_aaaaaaaaaaaaaaaa"}, "forbidden"),
        ("coordinator", {}, "forbidden"),
        ("doctor", {"email": "no address"}, "bad_body"),
        ("doctor", {"name": ""}, "bad_body"),
        ("doctor", {"starts_at": 1.0}, "starts_at_refused"),
    ],
)
async def test_who_may_not_invite_and_what_not(visitors: Visitors, who: str, given: dict[str, Any], code: str) -> None:
    doctor = await staff(visitors)
    departments = await own_departments(visitors, doctor)
    cookie = {"nobody": "", "doctor": doctor}.get(who)
    if cookie is None:
        cookie = (await visitors.coordinator())._cookie
    body = {"department": departments[0], "name": "Bai Yun", "language": "en"} | given
    _, refusal, _ = await ask(visitors, "/api/staff/invitations", body, cookie)
    assert refusal["code"] == code


async def test_a_seat_moves_to_another_device_and_the_old_one_stays_out(visitors: Visitors) -> None:
    old, seat, cookie = await visitors.patient()
    told: asyncio.Queue[Any] = asyncio.Queue()
    old.client.on("socket_closing", told.put)
    await settled(old)
    made = (await old.ask("link_create", {"seat": seat, "role": "self"}))["body"]
    await wait_for(lambda: [one["role"] for one in old.states["seat_state"]["links"]] == ["self"], 5, "the link to be listed")
    token = token_of(made["path"])
    _, card, _ = await ask(visitors, "/api/join/look", {"token": token})
    assert (card["kind"], card["in_use"]) == ("resume", True)
    status, refusal, _ = await ask(visitors, "/api/join", {"token": token})
    assert (status, refusal["code"]) == (409, "seat_in_use")

    planted = f"consilium-{seat}={'A' * 43}"
    status, granted, new_cookie = await ask(visitors, "/api/join", {"token": token, "replace": True}, planted)
    assert status == 201 and granted["seat"] == seat
    assert new_cookie not in (cookie, planted), "a cookie that was there before never becomes the seat's"
    assert await asyncio.wait_for(told.get(), 5) == {"code": "replaced", "retry": False}
    state = await settled(visitors.at(seat, new_cookie))
    assert state["place"] is not None and state["links"] == []

    for dead in (cookie, planted):  # it tries again and again, and is refused each time
        again = visitors.at(seat, dead)
        refusals: list[Any] = []
        again.client.on("connect_error", refusals.append)
        await again.come()
        await wait_for(lambda: len(refusals) >= 2, 10, "the old device to be refused")  # noqa: B023
        assert again.connections == 0 and "seat_state" not in again.states
        await again.leave()


async def test_a_link_taken_back_opens_nothing(visitors: Visitors) -> None:
    person, seat, _ = await visitors.patient()
    await settled(person)
    made = (await person.ask("link_create", {"seat": seat, "role": "companion"}))["body"]
    status, refusal, _ = await ask(visitors, "/api/join", {"token": token_of(made["path"])})
    assert (status, refusal["code"]) == (409, "name_needed")
    assert (await person.ask("link_revoke", {"seat": seat, "link": "l_aaaaaaaaaaaaaaaa"}))["error"]["code"] == "link_unknown"
    assert (await person.ask("link_revoke", {"seat": seat, "link": made["link"]}))["ok"]
    _, refusal, _ = await ask(visitors, "/api/join", {"token": token_of(made["path"]), "name": "Li Na"})
    assert refusal["code"] == "link_spent"


async def test_a_companion_sees_no_address_and_no_links_of_others(visitors: Visitors) -> None:
    person, seat, _ = await visitors.patient()
    await settled(person)
    for _ in range(2):
        made = (await person.ask("link_create", {"seat": seat, "role": "companion"}))["body"]
    _, granted, cookie = await ask(visitors, "/api/join", {"token": token_of(made["path"]), "name": "Li Na"})
    state = await settled(visitors.at(granted["seat"], cookie))
    assert (state["links"], state["contact"], state["patient"]) == ([], None, None)


async def lost(visitors: Visitors, address: str) -> tuple[int, float]:
    began = time.monotonic()
    status, _, _ = await ask(visitors, "/api/links", {"email": address, "language": "zh"})
    return status, time.monotonic() - began


async def with_mail(visitors: Visitors, address: str) -> tuple[Speaker, str]:
    hospital: Any = await visitors.hospital()
    body = {"hospital": hospital["id"], "department": hospital["departments"][0]["id"], "name": "Bai Yun", "language": "en"}
    _, granted, cookie = await ask(visitors, "/api/walk-ins", body | {"email": address})
    return visitors.at(granted["seat"], cookie), granted["seat"]


async def test_a_lost_link_comes_by_mail_and_the_answer_tells_nothing(visitors: Visitors) -> None:
    person, seat = await with_mail(visitors, "lost@mail.example")
    await settled(person)
    known, unknown = await lost(visitors, "Lost@mail.example"), await lost(visitors, "nobody@mail.example")
    assert known[0] == unknown[0] == 202
    (mail,) = await wait_for(lambda: mails(visitors, "lost@mail.example"), 10, "the mail")
    assert mail["Content-Language"] == "en", "the consultation's language, not the asker's"
    assert mails(visitors, "nobody@mail.example") == []
    token = link_in(mail, visitors.server.base)
    _, granted, _ = await ask(visitors, "/api/join", {"token": token, "replace": True})
    assert granted["seat"] == seat


async def test_how_long_the_answer_takes_does_not_tell_who_is_a_patient_here(visitors: Visitors) -> None:
    """Nothing can be stored: a link to a patient's address waits for that, the answer about it does not."""
    person, _ = await with_mail(visitors, "waiting@mail.example")
    await settled(person)
    other = sqlite3.connect(visitors.server.data / "consilium.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        known, unknown = await lost(visitors, "waiting@mail.example"), await lost(visitors, "nobody@mail.example")
        assert known[0] == unknown[0] == 202
        assert not mails(visitors, "waiting@mail.example")
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert known[1] < 4, "nobody could store a letter: the answer would have waited until that was given up"
    await wait_for(lambda: mails(visitors, "waiting@mail.example"), 15, "the mail")


async def test_nobodys_mailbox_is_filled(visitors: Visitors) -> None:
    person, _ = await with_mail(visitors, "often@mail.example")
    await settled(person)
    for _ in range(5):
        assert (await lost(visitors, "often@mail.example"))[0] == 202
    await wait_for(lambda: len(mails(visitors, "often@mail.example")) >= 3, 10, "three mails")
    assert len(mails(visitors, "often@mail.example")) == 3


async def test_a_patient_who_left_is_called_back_by_mail(visitors: Visitors) -> None:
    address = "called@mail.example"
    doctor = desk(visitors, await staff(visitors))
    await settled(doctor, "desk_state")
    departments = await own_departments(visitors, doctor._cookie)
    hospital: Any = await visitors.hospital()
    body = {"hospital": hospital["id"], "department": departments[0], "name": "Bai Yun", "language": "zh"}
    _, granted, cookie = await ask(visitors, "/api/walk-ins", body)
    person = visitors.at(granted["seat"], cookie)
    await settled(person)
    assert (await person.ask("callback_set", {"seat": granted["seat"], "wanted": True}))["error"]["code"] == "email_needed"
    assert (await person.ask("callback_set", {"seat": granted["seat"], "wanted": True, "email": address}))["ok"]
    await wait_for(lambda: person.states["seat_state"]["callback"], 5, "the wish to be shown")
    await person.leave()
    try:
        assert (await doctor.ask("duty_set", {"departments": departments}))["ok"]
        (mail,) = await wait_for(lambda: mails(visitors, address), 60, "the mail")
    finally:
        await doctor.ask("duty_set", {"departments": []})
    assert mail["Subject"] == "快轮到您了" and "柳岸医院" in mail.get_content()
    _, back, new_cookie = await ask(visitors, "/api/join", {"token": link_in(mail, visitors.server.base)})
    assert back["seat"] == granted["seat"]
    state = await settled(visitors.at(back["seat"], new_cookie))
    assert state["state"] in ("waiting", "offered") and state["callback"]


async def test_no_token_and_no_address_is_ever_logged(visitors: Visitors) -> None:
    made, _ = await invited(visitors, email="canary@mail.example")
    await wait_for(lambda: mails(visitors, "canary@mail.example"), 10, "the mail")
    await ask(visitors, "/api/join", {"token": token_of(made["path"])})
    log = visitors.server.greeting()
    assert "canary" not in log and token_of(made["path"]) not in log


async def test_the_mailed_letters_are_gone_from_the_database(visitors: Visitors) -> None:
    made, _ = await invited(visitors, email="gone@mail.example")
    await wait_for(lambda: mails(visitors, "gone@mail.example"), 10, "the mail")

    def kept() -> int:
        with contextlib.closing(sqlite3.connect(visitors.server.data / "consilium.sqlite")) as database:
            rows = database.execute("SELECT count(*) FROM outbox_letter WHERE recipient = 'gone@mail.example'")
            return int(rows.fetchone()[0])

    await wait_for(lambda: kept() == 0, 10, "the letter to be deleted with its address and its link")
    assert made["mailed"]
