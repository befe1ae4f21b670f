"""A minute with 5 % of all packets lost on every hop, in real Chromium: no stop that anybody would name, and no storm.

The goal is no gap over half a second; what is asserted is a second, since the browsers share this machine's cores with the rest.

What the browsers had stands in test-results/links beside the other tables.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from media.control.messages import SinkStats, WorkerDump, WorkerTable
from media.control.unix import connect_unix
from tests.browser.gaps import watch_gaps
from tests.browser.links import RESULTS, LinkedCast
from tests.browser.stage import BLUE, GREEN, Person
from tests.browser.test_call import pair
from tests.browser.test_links import see_and_hear
from tests.netsim.link import Conditions
from tests.processes import slowness
from tests.signaling_process import Signaling

LOSS, DELAY_S = 0.05, 0.02
LOSSY_S, CLEAN_S = 60.0, 20.0
GOAL_S, STOP_S = 0.5, 1.0
BUDGET = 1.2
FIRST_REPEATS = 8
"""Packets that may be sent twice before any share of the losses allows it (feedback.c)."""

TAKE = """
async () => {
  const gaps = window.__gaps.splice(0);
  const found = { gaps, freezes: 0, frozen_s: 0, nacks: 0, plis: 0, frames: 0, lost: 0, received: 0, concealed: 0, samples: 0 };
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    for (const s of (await peer.getStats()).values()) {
      if (s.type !== 'inbound-rtp') continue;
      found.freezes += s.freezeCount || 0; found.frozen_s += s.totalFreezesDuration || 0;
      found.nacks += s.nackCount || 0; found.plis += s.pliCount || 0; found.frames += s.framesDecoded || 0;
      if (s.kind === 'audio') { found.concealed += s.concealedSamples || 0; found.samples += s.totalSamplesReceived || 0; }
      else { found.lost += s.packetsLost || 0; found.received += s.packetsReceived || 0; }
    }
  }
  return found;
}
"""


@pytest.fixture
def cast(linked_cast: LinkedCast) -> LinkedCast:
    """Here everybody comes over a link of their own."""
    return linked_cast


@dataclass(frozen=True)
class Had:
    """What one person had in a span of time."""

    longest_gap_s: float
    long_gaps: int
    freezes: int
    frozen_s: float
    nacks: int
    plis: int
    frames: int
    concealed_share: float

    @classmethod
    def between(cls, before: dict[str, Any], after: dict[str, Any], limit_s: float) -> "Had":
        grown = {name: after[name] - before[name] for name in after if name != "gaps"}
        gaps = after["gaps"] or [float("inf")]
        return cls(
            longest_gap_s=round(max(gaps), 3),
            long_gaps=sum(gap > limit_s for gap in gaps),
            freezes=grown["freezes"],
            frozen_s=round(grown["frozen_s"], 3),
            nacks=grown["nacks"],
            plis=grown["plis"],
            frames=grown["frames"],
            concealed_share=round(grown["concealed"] / max(1, grown["samples"]), 4),
        )


async def video_sinks(server: Signaling) -> list[SinkStats]:
    """What the relay has sent each receiver of a picture so far."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0") for child in children]
    path = next(words[words.index("--socket") + 1] for words in commands if "media.worker" in words)
    client = await connect_unix(path)
    try:
        table = await client.request("worker_dump", None, WorkerDump())
    finally:
        await client.close()
    assert isinstance(table, WorkerTable)
    return [sink for sink in table.sinks if sink.kind == "video"]


async def spell(people: dict[str, Person], seconds: float, limit_s: float) -> dict[str, Had]:
    """What everybody has for a while."""
    before = {name: await person.page.evaluate(TAKE) for name, person in people.items()}
    await asyncio.sleep(seconds)
    return {name: Had.between(before[name], await person.page.evaluate(TAKE), limit_s) for name, person in people.items()}


@pytest.mark.timeout(300)  # eighty seconds of it are the measurement
async def test_a_minute_of_loss_freezes_nobody(
    chromium: Browser, cast: LinkedCast, linked: tuple[Signaling, list[int]], request: pytest.FixtureRequest
) -> None:
    doctor = await cast.doctor_on_duty(chromium, replace(BLUE, busy=True))
    patient = await cast.patient_in_line(chromium, "Bai Yun", replace(GREEN, busy=True))
    await pair(doctor, patient)
    await see_and_hear(patient, doctor)
    people = {"doctor": doctor, "patient": patient}
    for person, other in ((doctor, "Bai Yun"), (patient, "An Ning")):
        cast.link(person).become(Conditions(delay_s=DELAY_S))
        await watch_gaps(person, other)
    limit_s = STOP_S * await asyncio.to_thread(slowness)
    clean = await spell(people, CLEAN_S, limit_s)
    sent_before = {sink.mid + sink.peer: sink for sink in await video_sinks(linked[0])}
    for person in people.values():
        cast.link(person).become(Conditions(loss=LOSS, delay_s=DELAY_S))
    dropped = {name: cast.link(person).down.counters.lost for name, person in people.items()}
    limit_s = max(limit_s, 1.5 * max(had.longest_gap_s for had in clean.values()))  # what this machine does without any loss
    lossy = await spell(people, LOSSY_S, limit_s)
    dropped = {name: cast.link(person).down.counters.lost - dropped[name] for name, person in people.items()}
    sent = [(sink, sent_before[sink.mid + sink.peer]) for sink in await video_sinks(linked[0])]
    again = sum(sink.retransmitted - before.retransmitted for sink, before in sent)
    first = sum(sink.packets - before.packets for sink, before in sent)
    keep(
        request.node.name,
        clean,
        lossy,
        {"dropped": dropped, "video_packets": first, "sent_again": again, "goal_s": GOAL_S, "limit_s": limit_s},
    )
    for had in lossy.values():
        assert had.frames > 0 and had.long_gaps == 0, lossy
        assert had.concealed_share < 2.5 * (1 - (1 - LOSS) ** 2) + 0.02, "sound loses no more than the link does"
    assert again <= BUDGET * LOSS * (first + again) + FIRST_REPEATS * len(sent), "no storm"


def keep(name: str, clean: dict[str, Had], lossy: dict[str, Had], link: dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = {"clean": {who: vars(had) for who, had in clean.items()}, "lossy": {who: vars(had) for who, had in lossy.items()}}
    text = json.dumps({**rows, "link": link}, indent=1)
    (RESULTS / f"{name}.json").write_text(text)
    print("\n" + text)
