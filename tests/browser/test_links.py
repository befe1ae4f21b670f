"""What is left of a consultation on a bad network, in both browsers: slow, lossy, cut, behind a NAT that forgets, TLS alone.

Second by second what each person had stands in test-results/links.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from playwright.async_api import Browser

from tests.browser.links import LinkedCast, Witness, linked_server
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_call import assert_media_flows, pair
from tests.netsim.link import CUT, MOBILE_3G, PERFECT, Conditions
from tests.processes import slowness, wait_for
from tests.services import Coturn, kept

TOLD_S = 5.0
BACK_S = 5.0
NAT_GOAL_S = 1.0


@pytest.fixture(scope="module")
def turn(request: pytest.FixtureRequest) -> Iterator[Coturn]:
    service = Coturn("--min-port=50000", "--max-port=50199")
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture
def cast(linked_cast: LinkedCast) -> LinkedCast:
    """Here everybody comes over a link of their own."""
    return linked_cast


@asynccontextmanager
async def in_a_call(cast: LinkedCast, doctor: Person, patient: Person, name: str) -> AsyncIterator[Witness]:
    """Both in a call that works, watched from then on."""
    await pair(doctor, patient)
    await see_and_hear(patient, doctor)
    witness = Witness(name, {"patient": patient, "doctor": doctor})
    try:
        yield witness
    finally:
        await witness.close()


async def see_and_hear(patient: Person, doctor: Person) -> None:
    """Each has the other's picture and sound, and nobody else's."""
    for one, name, other in ((doctor, "Bai Yun", patient), (patient, "An Ning", doctor)):
        seat = await one.seat_named(name)
        await one.sees(seat, other.look)
        await one.hears(seat, other.look)
        await assert_media_flows(one, 1)


async def still_in_the_call(patient: Person, doctor: Person) -> None:
    assert await patient.page.locator('[data-screen="call"]').count() == 1
    assert await doctor.page.locator("[data-call]").get_attribute("data-call") in ("live", "interrupted")


async def received(person: Person) -> tuple[int, int]:
    """Packets of sound received and frames decoded so far, on the connections that are open."""
    inbound = (await person.stats())["inbound"]
    return sum(track["packets"] for track in inbound if track["kind"] == "audio"), sum(track["frames"] for track in inbound)


async def back_after(person: Person) -> float:
    """Seconds until sound and picture come in again."""
    loop = asyncio.get_running_loop()
    began, (sound, frames) = loop.time(), await received(person)

    async def flows() -> bool:
        nonlocal sound, frames
        now_sound, now_frames = await received(person)
        if now_sound < sound or now_frames < frames:  # a new connection
            sound, frames = 0, 0
        return now_sound > sound + 5 and now_frames > frames + 1

    await wait_for(flows, 20, "sound and picture to come back")
    return loop.time() - began


async def test_a_slow_mobile_line_carries_the_call(chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest) -> None:
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=60))
    patient = await cast.patient_in_line(chromium, "Bai Yun", replace(GREEN, busy=60))
    cast.link(patient).become(MOBILE_3G)
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        began = witness.mark("400 kbit/s, 200 ms, 2 % loss since before the call")
        await asyncio.sleep(12)
        for who in ("patient", "doctor"):
            seconds = witness.of(who, began)
            assert sum(second.packets >= 20 for second in seconds) >= len(seconds) - 2, "sound flows"
            assert sum(second.energy for second in seconds) > 0
            moving = sum(second.frames > 0 for second in seconds) >= len(seconds) // 2
            assert moving or any("quality" in second.notices for second in seconds), "a picture, or words why there is none"
        await still_in_the_call(patient, doctor)


async def test_a_third_lost_for_half_a_minute_costs_no_call(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    lossy_s = 30 if patients_browser is chromium else 10
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(patients_browser, "Bai Yun")
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        began = witness.mark("30 % loss both ways")
        cast.link(patient).become(Conditions(loss=0.3, delay_s=0.02))
        await asyncio.sleep(lossy_s)
        until = witness.mark("no loss any more")
        cast.link(patient).become(PERFECT)
        for who in ("patient", "doctor"):
            silent = [second for second in witness.of(who, began, until) if second.packets == 0]
            assert len(silent) <= 2, f"sound of the {who} was gone: {silent}"
        await still_in_the_call(patient, doctor)
        print("back after", await back_after(patient), await back_after(doctor))
        await see_and_hear(patient, doctor)


async def told(person: Person) -> bool:
    """Whether the page says in words that sound and picture are not there."""
    return await person.page.locator("[data-notice]").count() > 0


async def test_a_cut_is_told_to_both_and_mends_by_itself(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(patients_browser, "Bai Yun")
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        cut_at = witness.mark("all UDP of the patient cut")
        cast.link(patient).cut()
        for who, person in (("patient", patient), ("doctor", doctor)):
            await wait_for(partial(told, person), 15, f"the {who} to be told")
            witness.mark(f"the {who} is told")
        told_s = witness.now - cut_at
        await asyncio.sleep(max(0.0, 12 - (witness.now - cut_at)))
        await still_in_the_call(patient, doctor)
        witness.mark("the path is back")
        cast.link(patient).mend()
        back = await back_after(patient), await back_after(doctor)
        print("told after", told_s, "back after", back)
        slow = await asyncio.to_thread(slowness)
        assert told_s <= TOLD_S * slow
        assert sum(back) <= BACK_S * slow
        await see_and_hear(patient, doctor)


async def test_a_nat_that_forgets_costs_a_moment(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    doctor = await cast.doctor_on_duty(chromium)
    patient = await cast.patient_in_line(patients_browser, "Bai Yun")
    async with in_a_call(cast, doctor, patient, request.node.name) as witness:
        witness.mark("the NAT takes another port")
        cast.link(patient).rebind()
        up, down = await asyncio.gather(back_after(doctor), back_after(patient))
        witness.mark(f"sound and picture both ways after {max(up, down):.1f} s")
        print(f"the doctor has sound and picture after {up:.2f} s, the patient after {down:.2f} s (goal {NAT_GOAL_S})")
        assert up + down <= BACK_S * await asyncio.to_thread(slowness)
        assert await patient.page.evaluate("() => window.__peers.filter((p) => p.connectionState !== 'closed').length") == 1


async def test_without_udp_a_call_goes_over_tls(chromium: Browser, turn: Coturn, request: pytest.FixtureRequest) -> None:
    """The patient's firewall lets nothing out but TLS: what comes to the worker comes from the TURN server."""
    urls = f"turn:127.0.0.1:9,{turn.urls[-1]}"
    server, ports = linked_server(turn_urls=urls, turn_secret=turn.secret, media_addresses="127.0.0.1")
    try:
        server.start()
        people = LinkedCast(server, request.node.name, ports, range(50_000, 50_200))
        doctor = await people.doctor_on_duty(chromium)
        patient = await people.patient_in_line(chromium, "Bai Yun")
        people.link(patient).become(CUT)
        try:
            async with in_a_call(people, doctor, patient, request.node.name):
                kinds = await patient.page.evaluate(USED_PATH)
                assert kinds == ["tls"], kinds
        finally:
            await people.go_home()
    finally:
        server.discard(keep_log_in=kept(request))


USED_PATH = """
async () => {
  const found = new Set();
  for (const peer of window.__peers) {
    if (peer.connectionState !== 'connected') continue;
    const report = await peer.getStats();
    for (const s of report.values())
      if (s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') {
        found.add(report.get(s.localCandidateId).relayProtocol ?? 'direct');
      }
  }
  return [...found];
}
"""
