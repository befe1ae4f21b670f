"""Consent as browsers meet it: what each is told, and what each may say."""

import contextlib
import sqlite3
from typing import Any

from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_cards import met, settled
from tests.peers_signaling import CSRF, Speaker
from tests.processes import wait_for

ASK = {"own": "audio_video", "teaching": False}


def status(person: Speaker) -> dict[str, Any]:
    found: dict[str, Any] = person.states["seat_state"]["recording"]
    return found


async def shows(person: Speaker, state: str, reason: str | None = None) -> dict[str, Any]:
    """Waits until this person is told so."""
    await wait_for(
        lambda: status(person)["state"] == state and reason in (None, status(person)["reason"]), 10, f"{state} {reason}"
    )
    return status(person)


async def refused(person: Speaker, name: str, body: dict[str, Any]) -> str:
    answer = await person.ask(name, body)
    assert not answer["ok"], answer
    return str(answer["error"]["code"])


async def companion(visitors: Visitors, patient: Speaker, seat: str) -> tuple[Speaker, str]:
    link = (await patient.ask("link_create", {"seat": seat, "role": "companion"}))["body"]
    body = {"token": link["path"].partition("#")[2], "name": "Bai Lan"}
    async with visitors.session.post(f"{visitors.server.base}/api/join", json=body, headers=CSRF) as response:
        joined = await response.json()
        cookie = response.headers["Set-Cookie"].partition(";")[0]
    guest = visitors.at(joined["seat"], cookie)
    await settled(guest)
    return guest, joined["seat"]


async def test_everybody_is_told_what_the_server_knows_and_a_newcomer_is_asked_first(visitors: Visitors) -> None:
    async with met(visitors) as (patient, seat, doctor, own):
        assert (status(patient)["allowed"], status(patient)["state"], status(patient)["light"]) == (True, "off", False)
        assert await refused(doctor, "consent_ask", {"seat": own, **ASK}) == "not_confirmed"
        await patient.confirm(seat)
        await doctor.confirm(own)
        assert await refused(patient, "consent_ask", {"seat": seat, **ASK}) == "not_allowed"
        assert await refused(patient, "consent_answer", {"seat": seat, "answer": "no"}) == "not_asked"
        assert await refused(patient, "notes_get", {"seat": own}) == "forbidden"
        with contextlib.closing(sqlite3.connect(visitors.server.data / "consilium.sqlite")) as database:
            query = "SELECT subject, reason FROM audit_entry WHERE act = 'access_refused' AND actor = ? ORDER BY id"
            assert database.execute(query, (seat,)).fetchall() == [(seat, "consent_ask"), (own, "notes_get")]

        assert (await doctor.ask("consent_ask", {"seat": own, **ASK}))["ok"]
        asked = await shows(patient, "asked")
        assert (asked["waiting_for"], asked["own"]["audio_only"], asked["light"]) == ([seat], "asked", False)
        assert await refused(doctor, "consent_ask", {"seat": own, **ASK}) == "recording_under_way"
        assert (await patient.ask("consent_answer", {"seat": seat, "answer": "audio_only"}))["ok"]
        for person in (patient, doctor):
            on = await shows(person, "on")
            assert on["light"] and on["waiting_for"] == []
        assert status(patient)["own"] == {
            "audio_video": "declined",
            "audio_only": "given",
            "teaching": "unasked",
            "can_withdraw": True,
        }

        guest, its_seat = await companion(visitors, patient, seat)
        for person in (patient, doctor, guest):
            assert (await shows(person, "paused", "joined"))["waiting_for"] == [its_seat]
        await guest.ask("consent_answer", {"seat": its_seat, "answer": "no"})
        await shows(doctor, "paused", "declined")
        assert doctor.states["seat_state"]["state"] == "connecting", "a no ends no call"
        assert (await guest.ask("seat_leave", {"seat": its_seat}))["ok"]
        await shows(doctor, "on")

        assert (await patient.ask("consent_withdraw", {"seat": seat, "purpose": "audio_only"}))["ok"]
        await wait_for(lambda: status(doctor)["reason"] == "withdrawn", 10, "withdrawn")
        assert status(doctor)["state"] in ("ending", "off")
        page = (await patient.ask("timeline_get", {"seat": seat, "after": 0}))["body"]
        told = [(one["code"], one["reason"], one["name"]) for one in page["entries"] if str(one["code"]).startswith("recording")]
        assert [(code, reason) for code, reason, _ in told] == [
            ("recording_asked", ""),
            ("recording_on", ""),
            ("recording_paused", "joined"),
            ("recording_paused", "declined"),
            ("recording_on", "again"),
            ("recording_off", "withdrawn"),
        ]
        assert all(name is None for code, _, name in told if code != "recording_asked"), "who said no is told to nobody"


async def test_after_the_call_the_patient_takes_it_back_and_nobody_without_the_seat_does(visitors: Visitors) -> None:
    async with met(visitors) as (patient, seat, doctor, own):
        await patient.confirm(seat)
        await doctor.confirm(own)
        await doctor.ask("consent_ask", {"seat": own, **ASK})
        await patient.ask("consent_answer", {"seat": seat, "answer": "audio_video"})
        assert await refused(doctor, "consent_withdraw", {"seat": seat, "purpose": "audio_only"}) == "forbidden"
    await wait_for(lambda: patient.states["seat_state"]["state"] == "ended", 10, "the end")
    assert status(patient)["own"]["can_withdraw"] and status(patient)["state"] in ("ending", "off")
    assert (await patient.ask("consent_withdraw", {"seat": seat, "purpose": "audio_only"}))["ok"]
    await wait_for(lambda: not status(patient)["own"]["can_withdraw"], 10, "nothing left to take back")


async def test_the_patient_reads_who_looked_and_nobody_else_does(visitors: Visitors) -> None:
    async with met(visitors) as (patient, seat, doctor, own):
        await patient.confirm(seat)
        await doctor.confirm(own)
        guest, its_seat = await companion(visitors, patient, seat)
        for other, at in ((doctor, own), (guest, its_seat)):
            assert await refused(other, "access_get", {"seat": at}) == "not_allowed"
        before = (await patient.ask("access_get", {"seat": seat}))["body"]
        assert [look["act"] for look in before["looks"]] == ["visit_taken", "offer_shown"]
        assert (await doctor.ask("notes_get", {"seat": own}))["ok"]
        log = (await patient.ask("access_get", {"seat": seat}))["body"]
        latest = log["looks"][0]
        assert (latest["act"], latest["role"], log["more"]) == ("record_read", "practitioner", False)
        assert latest["name"]["en"].startswith("Dr ") and latest["departments"][0]["en"] == "Respiratory medicine"
        assert latest["at"] > before["looks"][0]["at"]
