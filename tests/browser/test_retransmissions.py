"""What is lost on the way comes again, in both browsers: RFC 4588 from browser to relay and from relay to browser."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.links import LinkedCast
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_call import assert_media_flows, pair
from tests.netsim.link import Conditions
from tests.processes import wait_for

LOSSY = Conditions(delay_s=0.02, loss=0.05)

STREAMS = """
async () => {
  const found = { again: null, nacks: 0, sentAgain: 0, layers: {}, freezes: 0, heights: {} };
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    for (const s of (await peer.getStats()).values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'video') {
        if ('retransmittedPacketsReceived' in s) found.again = (found.again ?? 0) + s.retransmittedPacketsReceived;
        found.nacks += s.nackCount || 0;
        found.freezes += s.freezeCount || 0;
        found.heights[s.trackIdentifier] = s.frameHeight || 0;
      }
      if (s.type === 'outbound-rtp' && s.kind === 'video') {
        found.sentAgain += s.retransmittedPacketsSent || 0;
        found.layers[s.rid || ''] = { frames: s.framesEncoded || 0, height: s.frameHeight || 0, octets: s.bytesSent || 0 };
      }
    }
  }
  return found;
}
"""


@pytest.fixture
def cast(linked_cast: LinkedCast) -> LinkedCast:
    """Here everybody comes over a link of their own."""
    return linked_cast


async def streams(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = await person.page.evaluate(STREAMS)
    return found


async def test_what_is_lost_comes_again_in_a_stream_of_its_own(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast
) -> None:
    """RFC 4588 both ways: the relay unwraps what a browser sends again, and answers each receiver in the same way."""
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=True))
    patient = await cast.patient_in_line(patients_browser, "Bai Yun", replace(GREEN, busy=True))
    await pair(doctor, patient)
    await everybody_sees({"Bai Yun": patient, "An Ning": doctor})
    for person in (doctor, patient):
        cast.link(person).become(LOSSY)

    async def repaired() -> bool:
        seen = [await streams(doctor), await streams(patient)]
        # Firefox does not count what it is sent again: of it one sees that it asks, and sends again itself.
        return all(each["sentAgain"] > 5 and each["nacks"] > 5 and (each["again"] is None or each["again"] > 5) for each in seen)

    try:
        await wait_for(repaired, 40, "retransmissions both ways at both")
    finally:
        print("doctor", await streams(doctor), "patient", await streams(patient))


async def everybody_sees(people: dict[str, Person]) -> None:
    """Each has the picture and the sound of each other."""
    for (_, one), (name, other) in permutations(people.items(), 2):
        seat = await one.seat_named(name)
        await one.sees(seat, other.look)
        await one.hears(seat, other.look)
    for person in people.values():
        await assert_media_flows(person, len(people) - 1)
