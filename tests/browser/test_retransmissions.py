"""What is lost on the way comes again, in both browsers: RFC 4588 from browser to relay and from relay to browser.

The streams are read off the wire (tests/netsim/ledger.py), since Firefox does not count what it is sent again; that it repairs is
seen in how seldom it asks for a key frame. What each link carried stands in test-results/links.
"""

import json
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.gaps import watch_gaps
from tests.browser.links import RESULTS, LinkedCast
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_call import assert_media_flows, pair
from tests.netsim.ledger import Carried, Ledger
from tests.netsim.link import Conditions
from tests.processes import wait_for

LOSSY = Conditions(delay_s=0.02, loss=0.05)
ENOUGH = 20
"""Packets of the picture lost each way at each: what is said of them is no chance any more."""
BUDGET, FIRST_REPEATS = 1.2, 8
"""Sent again at most for each that was lost, and packets that may be before any is known to be (feedback.c)."""
LEFT_OVER = 0.1
"""Key frames asked for at most, for each packet lost: without repair every one would cost a key frame."""
GOAL_S = 0.5

STREAMS = """
async () => {
  const found = { again: null, nacks: 0, plis: 0, sentAgain: 0, layers: {}, freezes: 0, heights: {}, decoded: 0, formats: {} };
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    for (const [, type, name] of peer.remoteDescription.sdp.matchAll(/^a=rtpmap:(\\d+) ([^/]+)/gm)) found.formats[type] = name;
    for (const s of (await peer.getStats()).values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'video') {
        found.decoded += s.framesDecoded || 0;
        found.plis += s.pliCount || 0;
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


@dataclass(frozen=True)
class Hop:
    """One way between a browser and the relay, since a moment: packets of the picture lost, those sent again included; how many
    came again, and in how many streams of their own."""

    lost: int
    again: int
    streams: int

    @classmethod
    def of(cls, ledger: Ledger, formats: dict[str, str], before: "Hop | None" = None) -> "Hop":
        repair = {int(number) for number, name in formats.items() if name == "rtx"}
        picture: Carried = ledger.of_types({int(number) for number, name in formats.items() if name in ("VP8", "H264")})
        first = {key.ssrc for key in ledger.streams if key.payload_type not in repair}
        own = {key.ssrc for key in ledger.streams if key.payload_type in repair} - first
        repairs = ledger.of_types(repair)
        lost, again = picture.lost + repairs.lost, repairs.entered
        return cls(lost - (before.lost if before else 0), again - (before.again if before else 0), len(own))


async def hops(cast: LinkedCast, person: Person, before: dict[str, Hop] | None = None) -> dict[str, Hop]:
    """Both ways of one person."""
    link, formats = cast.link(person), (await streams(person))["formats"]
    books = {"up": link.carried_up, "down": link.carried_down}
    return {way: Hop.of(ledger, formats, before[way] if before else None) for way, ledger in books.items()}


async def test_what_is_lost_comes_again_in_a_stream_of_its_own(
    patients_browser: Browser, chromium: Browser, cast: LinkedCast, request: pytest.FixtureRequest
) -> None:
    """RFC 4588 both ways: the relay unwraps what a browser sends again, and answers each receiver in the same way."""
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=30))
    patient = await cast.patient_in_line(patients_browser, "Bai Yun", replace(GREEN, busy=30))
    people = {"Bai Yun": patient, "An Ning": doctor}
    await pair(doctor, patient)
    await everybody_sees(people)
    for person, other in ((doctor, "Bai Yun"), (patient, "An Ning")):
        await watch_gaps(person, other)
        await person.page.evaluate("window.__gaps.length = 0")
    begun = {name: (await streams(person), await hops(cast, person)) for name, person in people.items()}
    for person in people.values():
        cast.link(person).become(LOSSY)

    async def since() -> dict[str, dict[str, Hop]]:
        return {name: await hops(cast, person, begun[name][1]) for name, person in people.items()}

    async def enough() -> bool:
        return all(hop.lost >= ENOUGH for each in (await since()).values() for hop in each.values())

    found: dict[str, dict[str, Hop]] = {}
    try:
        await wait_for(enough, 60, "losses both ways at both")
    finally:
        found, now = await since(), {name: await streams(person) for name, person in people.items()}
        had = {name: grown(begun[name][0], now[name]) for name in people}
        for name, person in people.items():
            had[name]["longest_gap_s"] = await person.page.evaluate("Math.max(0, ...window.__gaps)")
        keep(request.node.name, found, had)
    for name in people:
        for hop in found[name].values():
            assert hop.streams >= 1, "a stream of its own"
            assert hop.again >= ENOUGH / 2, "of what was lost most came again"
        down = found[name]["down"]
        assert down.again <= BUDGET * down.lost + FIRST_REPEATS, "the relay makes no storm"
        assert had[name]["plis"] <= LEFT_OVER * down.lost + 1, had
        assert had[name]["nacks"] > 5, had
        assert had[name]["sentAgain"] > 5, had
        assert had[name]["again"] is None or had[name]["again"] > 5, had


def grown(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What was counted since; `sent` are the frames that somebody sent of their own picture. Firefox counts from nothing again
    once it has negotiated a second time."""
    names = ("nacks", "plis", "sentAgain", "freezes", "decoded")
    counts = {name: now[name] - before[name] if now[name] >= before[name] else now[name] for name in names}
    counts["again"] = None if now["again"] is None else now["again"] - (before["again"] or 0)
    counts["sent"] = sum(
        layer["frames"] - before["layers"].get(rid, {"frames": 0})["frames"] for rid, layer in now["layers"].items()
    )
    return counts


def keep(name: str, found: dict[str, dict[str, Hop]], had: dict[str, dict[str, Any]]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = {who: {**{way: asdict(hop) for way, hop in found[who].items()}, **had[who]} for who in found}
    text = json.dumps({"people": rows, "goal_s": GOAL_S}, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text)
    print("\n" + text)


async def everybody_sees(people: dict[str, Person]) -> None:
    """Each has the picture and the sound of each other."""
    for (_, one), (name, other) in permutations(people.items(), 2):
        seat = await one.seat_named(name)
        await one.sees(seat, other.look)
        await one.hears(seat, other.look)
    for person in people.values():
        await assert_media_flows(person, len(people) - 1)
