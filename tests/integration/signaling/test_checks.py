"""The device and network test from outside: ICE servers, the echo of a real worker, the report and who sees what of it."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from common.ids import new_id
from tests.integration.signaling.conftest import Visitors
from tests.peers.browser import FakeBrowser, answered_ssrc
from tests.peers.waiting import until
from tests.peers_signaling import Speaker
from tests.processes import wait_for
from tests.services import kept
from tests.signaling_process import Signaling

SECRET = "the secret of signaling and coturn"
URLS = "turn:127.0.0.1:3478,turns:127.0.0.1:5349"
WAIT_S = 10.0


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """A server with one worker and TURN servers."""
    service = Signaling(media_addresses="127.0.0.1", turn_urls=URLS, turn_secret=SECRET)
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture
async def patient(visitors: Visitors) -> AsyncIterator[tuple[Speaker, str]]:
    person, seat, _ = await visitors.patient()
    await person.come()
    await wait_for(lambda: "seat_state" in person.states, WAIT_S, "the patient's first state")
    yield person, seat


def report(seat: str, **found: Any) -> dict[str, Any]:
    good: dict[str, Any] = {
        "seat": seat, "webrtc": True, "microphone": "ready", "camera": "ready", "speaker": "heard",
        "paths": [{"path": "udp", "works": True, "round_trip_ms": 21}], "up_bps": 900_000, "down_bps": 300_000,
    }  # fmt: skip
    return good | found


async def test_ice_servers_are_given_to_a_seat_with_credentials_of_minutes(patient: tuple[Speaker, str]) -> None:
    person, seat = patient
    answer = await person.ask("ice_get", {"seat": seat})
    body = answer["body"]
    (server,) = body["servers"]
    assert server["urls"] == URLS.split(",")
    assert seat.partition("_")[2] not in server["username"]
    assert 300 < body["expires_at"] - time.time() <= 600
    mac = hmac.new(SECRET.encode(), server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == mac
    stranger = await person.ask("ice_get", {"seat": "s_aaaaaaaaaaaaaaaa"})
    assert stranger["error"]["code"] == "forbidden"


async def test_the_echo_sends_back_and_ends_with_the_test(patient: tuple[Speaker, str]) -> None:
    person, seat = patient
    browser = FakeBrowser()
    for line in browser.lines:
        line.direction = "sendrecv"
    offer = {"seat": seat, "path": "udp", "peer": browser.peer, "sdp": await browser.offer()}
    answer = await person.ask("check_offer", offer)
    assert answer["ok"], answer
    await browser.connect(answer["body"]["sdp"])
    video = answered_ssrc(answer["body"]["sdp"], "1")

    async def comes_back() -> bool:  # a camera goes on: pictures that overtake the end of the handshake are lost
        await browser.send_frame(key=True)
        return browser.count(video) > 0

    await wait_for(comes_back, WAIT_S, "a picture to come back")
    await person.ask("check_close", {"seat": seat})

    await until(lambda: browser.closed_from_afar, "the echo to end")
    await browser.close()


async def test_a_seat_that_tests_without_end_is_slowed_down(patient: tuple[Speaker, str]) -> None:
    person, seat = patient
    refusals = set()
    for _ in range(15):
        answer = await person.ask("check_offer", {"seat": seat, "path": "udp", "peer": new_id("p"), "sdp": "v=0"})
        refusals.add(answer["error"]["code"])
    assert "check_slow_down" in refusals


async def test_who_has_left_gets_nothing_more_of_the_relay(patient: tuple[Speaker, str]) -> None:
    person, seat = patient
    assert (await person.ask("ice_get", {"seat": seat}))["ok"]
    assert (await person.ask("seat_leave", {"seat": seat}))["ok"]
    offer = {"seat": seat, "path": "udp", "peer": "p_aaaaaaaaaaaaaaaa", "sdp": "v=0"}
    for name, body in (("ice_get", {"seat": seat}), ("check_offer", offer)):
        assert (await person.ask(name, body))["error"]["code"] == "consultation_over"


async def test_the_report_is_kept_and_shown_to_patient_and_doctor(patient: tuple[Speaker, str], visitors: Visitors) -> None:
    person, seat = patient
    doctor = await visitors.doctor()
    await doctor.come()
    await wait_for(lambda: "desk_state" in doctor.states, WAIT_S, "the desk's state")
    answer = await person.ask("check_report", report(seat))
    assert answer["body"]["expect"] == "small"
    again = await person.ask("check_report", report(seat, camera="refused", down_bps=None))
    assert again["body"]["expect"] == "sound"
    await wait_for(lambda: (person.states["seat_state"]["patient"]["check"] or {}).get("expect") == "sound", WAIT_S, "the state")
    kept = person.states["seat_state"]["patient"]["check"]
    assert kept["paths"] == [{"path": "udp", "works": True, "round_trip_ms": 21}] and kept["camera"] == "refused"

    def on_the_list() -> bool:
        consultation = person.states["seat_state"]["consultation"]
        mine = [line for line in doctor.states["desk_state"]["queue"] if line["consultation"] == consultation]
        return bool(mine) and mine[0]["expect"] == "sound"

    await wait_for(on_the_list, WAIT_S, "the doctor's list to say what to expect")


@pytest.mark.parametrize(
    "wrong",
    [{"paths": [{"path": "udp", "works": True, "round_trip_ms": -1}]}, {"up_bps": 10**12}, {"microphone": "loud"}, {"more": 1}],
)
async def test_a_strange_report_is_refused(patient: tuple[Speaker, str], wrong: dict[str, Any]) -> None:
    person, seat = patient
    answer = await person.ask("check_report", report(seat, **wrong))
    assert answer["error"]["code"] == "bad_message"
    assert re.search(r"[a-z]", answer["error"]["message"])
