"""Socket.IO from outside: who may connect, what is refused and how, and that nobody else notices."""

import asyncio
import contextlib
import hashlib
import json
import sqlite3
from typing import Any

import aiohttp
import pytest
import socketio

from tests.integration.signaling.conftest import Visitors
from tests.peers_signaling import Speaker
from tests.processes import wait_for

SEAT = "s_aaaaaaaaaaaaaaaa"


async def refusal(base: str, auth: Any, headers: dict[str, str]) -> Any:
    """Why a connection is refused."""
    client = socketio.AsyncClient(reconnection=False)
    said: asyncio.Queue[Any] = asyncio.Queue()
    client.on("connect_error", said.put)
    try:
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(base, auth=auth, headers=headers, transports=["websocket"], wait_timeout=5)
        return await asyncio.wait_for(said.get(), 5)
    finally:
        await client.disconnect()


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "bad_auth"),
        ("x", "bad_auth"),
        ({}, "bad_auth"),
        ({"audience": "seat", "protocol": 1}, "bad_auth"),
        ({"audience": "seat", "seat": SEAT, "protocol": 2}, "bad_auth"),
        ({"audience": "admin", "protocol": 1}, "bad_auth"),
        ({"audience": "seat", "seat": SEAT, "protocol": 1}, "no_seat"),
        ({"audience": "desk", "protocol": 1}, "not_signed_in"),
    ],
)
async def test_who_has_no_cookie_is_told_why(visitors: Visitors, auth: Any, code: str) -> None:
    said = await refusal(visitors.server.base, auth, {})
    assert said["data"]["code"] == code


async def test_another_patients_cookie_opens_no_other_seat(visitors: Visitors) -> None:
    _, mine, cookie = await visitors.patient("One")
    _, theirs, _ = await visitors.patient("Two")
    said = await refusal(visitors.server.base, {"audience": "seat", "seat": theirs, "protocol": 1}, {"Cookie": cookie})
    assert said["data"]["code"] == "no_seat"
    forged = cookie.replace(mine, theirs)
    said = await refusal(visitors.server.base, {"audience": "seat", "seat": theirs, "protocol": 1}, {"Cookie": forged})
    assert said["data"]["code"] == "no_seat"


async def test_another_site_cannot_open_a_socket(visitors: Visitors) -> None:
    url = f"{visitors.server.base}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with visitors.session.ws_connect(url, headers={"Origin": "http://evil.example"}):
            pass
    assert refused.value.status == 403
    async with visitors.session.ws_connect(url, headers={"Origin": visitors.server.base}) as ours:
        assert (await ours.receive()).data.startswith("0")


async def settled(person: Speaker, name: str = "seat_state") -> dict[str, Any]:
    """Connect and wait for the first state."""
    await person.come()
    await wait_for(lambda: name in person.states, 10, name)
    return person.states[name]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("nonsense", {}, "unknown_message"),
        ("disconnect_everyone", {}, "unknown_message"),
        ("seat_media", None, "bad_message"),
        ("seat_media", "x", "bad_message"),
        ("seat_media", {"seat": SEAT}, "bad_message"),
        ("seat_media", {"seat": SEAT, "microphone": "yes", "camera": True}, "bad_message"),
        ("seat_media", {"seat": SEAT, "microphone": True, "camera": True}, "forbidden"),
        ("seat_leave", {"seat": SEAT}, "forbidden"),
        ("consultation_end", {"seat": SEAT}, "forbidden"),
        ("peer_offer", {"seat": SEAT, "peer": "p_aaaaaaaaaaaaaaaa", "sdp": "", "wanted": []}, "bad_message"),
        ("peer_offer", {"seat": SEAT, "peer": "p_aaaaaaaaaaaaaaaa", "sdp": "v=0", "wanted": []}, "forbidden"),
        ("duty_set", {"departments": []}, "forbidden"),
        ("offer_accept", {"offer": "o_aaaaaaaaaaaaaaaa"}, "forbidden"),
        ("link_create", {"seat": SEAT, "role": "practitioner"}, "bad_message"),
        ("timeline_post", {"seat": SEAT, "key": "a" * 12, "text": "no\0thing"}, "bad_message"),
        ("callback_set", {"seat": SEAT, "wanted": True, "email": "no\0thing@example.org"}, "bad_message"),
    ],
)
async def test_bad_messages_are_refused_with_a_code(visitors: Visitors, name: str, body: Any, code: str) -> None:
    person, _, _ = await visitors.patient()
    await settled(person)
    answer = await person.ask(name, body)
    assert answer["ok"] is False
    assert answer["error"]["code"] == code


async def test_a_patient_in_line_has_no_call_to_offer_media_to(visitors: Visitors) -> None:
    person, seat, _ = await visitors.patient()
    await settled(person)
    offer = {"seat": seat, "peer": "p_aaaaaaaaaaaaaaaa", "sdp": "v=0\r\n", "wanted": []}
    assert (await person.ask("peer_offer", offer))["error"]["code"] == "not_in_call"
    flood = offer | {"sdp": "v=0\r\n" + "a=x\r\n" * 5000}
    assert (await person.ask("peer_offer", flood))["error"]["code"] == "sdp_refused"


async def test_the_newer_connection_of_a_seat_replaces_the_older(visitors: Visitors) -> None:
    first, seat, cookie = await visitors.patient()
    told: asyncio.Queue[Any] = asyncio.Queue()
    first.client.on("socket_closing", told.put)
    await settled(first)
    await settled(visitors.at(seat, cookie))
    assert await asyncio.wait_for(told.get(), 5) == {"code": "replaced", "retry": False}


async def test_a_desk_goes_with_its_session_whoever_ends_it(visitors: Visitors) -> None:
    doctor = await visitors.doctor("1003")
    told: asyncio.Queue[Any] = asyncio.Queue()
    doctor.client.on("socket_closing", told.put)
    await settled(doctor, "desk_state")
    store = sqlite3.connect(visitors.server.data / "consilium.sqlite", timeout=5)
    with contextlib.closing(store), store:  # as `python -m signaling reset-factor` does, which reaches no process
        token = doctor._cookie.partition("=")[2]
        ended = store.execute("DELETE FROM staff_session WHERE token_hash = ?", [hashlib.sha256(token.encode()).digest()])
        assert ended.rowcount == 1
    assert await asyncio.wait_for(told.get(), 10) == {"code": "signed_out", "retry": False}


async def test_a_flood_is_refused_then_cut_and_others_go_on(visitors: Visitors) -> None:
    loud, seat, _ = await visitors.patient("Loud")
    calm, calm_seat, _ = await visitors.patient("Calm")
    told: asyncio.Queue[Any] = asyncio.Queue()
    loud.client.on("socket_closing", told.put)
    await settled(loud)
    await settled(calm)
    body = {"seat": seat, "microphone": True, "camera": True}
    for _ in range(400):
        await loud.client.emit("seat_media", body)
    assert (await calm.ask("seat_media", {"seat": calm_seat, "microphone": False, "camera": False}))["ok"] is True
    assert (await asyncio.wait_for(told.get(), 20))["code"] == "too_many_messages"


async def test_a_seat_that_toggles_has_its_share_of_the_hospitals_turns_and_no_more(visitors: Visitors) -> None:
    busy, seat, cookie = await visitors.patient("Busy")
    calm, calm_seat, _ = await visitors.patient("Calm")
    await settled(busy)
    await settled(calm)

    async def toggle(person: Speaker, its: str, on: bool) -> str:
        answer = await person.ask("seat_media", {"seat": its, "microphone": on, "camera": on})
        return "ok" if answer["ok"] else str(answer["error"]["code"])

    answers = await asyncio.gather(*(toggle(busy, seat, number % 2 == 0) for number in range(58)))  # fewer than its messages
    refused = answers.count("too_many_messages")
    assert answers.count("ok") + refused == 58 and refused > 0
    assert (await busy.ask("timeline_post", {"seat": seat, "key": "still-heard", "text": "hello"}))["ok"], "takes no turn"
    assert await toggle(calm, calm_seat, True) == "ok"
    await busy.leave()
    again = visitors.at(seat, cookie)
    await settled(again)  # coming takes a turn as well: it is tried again until there is one
    answers = await asyncio.gather(*(toggle(again, seat, number % 2 == 0) for number in range(58)))
    assert answers.count("too_many_messages") > 20, "a new connection brings no new turns"


async def test_pairing_from_line_to_end(visitors: Visitors) -> None:
    """A doctor goes on duty, takes the patient, ends it; both are told each step by whole states."""
    doctor = await visitors.doctor()
    desk = await settled(doctor, "desk_state")
    assert desk["on_duty"] == []
    async with visitors.session.get(f"{visitors.server.base}/api/staff/session", headers={"Cookie": doctor._cookie}) as response:
        departments = [each["id"] for each in (await response.json())["departments"]]
    patient, seat, _ = await visitors.patient()
    state = await settled(patient)
    assert state["state"] == "waiting"
    assert state["place"]["doctors_on_duty"] == 0
    assert (await doctor.ask("duty_set", {"departments": ["d_aaaaaaaaaaaaaaaa"]}))["error"]["code"] == "forbidden"
    assert (await doctor.ask("duty_set", {"departments": departments}))["ok"]

    def mine() -> Any:
        offer = doctor.states["desk_state"]["offer"]
        if offer is None:
            return None
        return offer if offer["consultation"] == state["consultation"] else "another"

    while (offer := await wait_for(mine, 10, "an offer")) == "another":  # left over from a test before
        other = doctor.states["desk_state"]["offer"]["id"]
        await doctor.ask("offer_decline", {"offer": other})
        await wait_for(lambda: (doctor.states["desk_state"]["offer"] or {}).get("id") != other, 10, "the next offer")  # noqa: B023
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["error"]["code"] == "offer_gone"
    await wait_for(lambda: patient.states["seat_state"]["state"] == "connecting", 10, "the patient to be told")
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    assert (await patient.ask("consultation_end", {"seat": own}))["error"]["code"] == "forbidden"
    link = await patient.ask("link_create", {"seat": seat, "role": "companion"})
    assert link["ok"]
    assert "#" in link["body"]["path"]
    assert (await doctor.ask("consultation_end", {"seat": own}))["ok"]
    ended = await wait_for(lambda: patient.states["seat_state"]["ended_reason"], 10, "the end")
    assert ended == "cancelled"  # no media ever flowed
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]


async def raw(visitors: Visitors, cookie: str, seat: str) -> aiohttp.ClientWebSocketResponse:
    """A connection spoken by hand: Engine.IO opened, Socket.IO connected to the seat."""
    url = f"{visitors.server.base}/socket.io/?EIO=4&transport=websocket"
    link = await visitors.session.ws_connect(url, headers={"Cookie": cookie})
    await link.receive()
    await link.send_str("40" + json.dumps({"audience": "seat", "seat": seat, "protocol": 1}))
    assert (await link.receive()).data.startswith("40")
    return link


@pytest.mark.parametrize(
    "packet",
    [
        '4519999999999-["x",{"_placeholder":true,"num":0}]',  # attachments without end
        b"binary",
        '42["connect",{"HTTP_COOKIE":"x"},{"audience":"desk","protocol":1}]',
        '42["disconnect"]',
        "42[]",
        "42{}",
        "4!",
        "4" + "[" * 30_000,
        "44",
    ],
)
async def test_packets_that_no_client_of_ours_sends_cost_the_connection(visitors: Visitors, packet: str | bytes) -> None:
    _, seat, cookie = await visitors.patient()
    calm, calm_seat, _ = await visitors.patient("Calm")
    await settled(calm)
    link = await raw(visitors, cookie, seat)
    try:
        await (link.send_bytes(packet) if isinstance(packet, bytes) else link.send_str(packet))

        async def ended() -> bool:
            return (await link.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

        await wait_for(ended, 10, "the connection to be cut")
    finally:
        await link.close()
    assert (await calm.ask("seat_media", {"seat": calm_seat, "microphone": False, "camera": False}))["ok"] is True


async def test_a_seat_that_was_left_cannot_go_on_listening(visitors: Visitors) -> None:
    person, seat, _ = await visitors.patient()
    await settled(person)
    assert (await person.ask("seat_leave", {"seat": seat}))["ok"]
    offer = {"seat": seat, "peer": "p_aaaaaaaaaaaaaaaa", "sdp": "v=0\r\n", "wanted": []}
    assert (await person.ask("peer_offer", offer))["ok"] is False
