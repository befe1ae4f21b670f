"""A call of two real browsers, recorded: what is on the disk afterwards is whole, decodes to the last frame, and is in step.

Each person flashes and beeps together once a second; the patient's packets go over a link of their own. What is judged is what
the sealed recording holds, opened with the hospital's key, and never how fast this machine was.
"""

import asyncio
import math
import os
import signal
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.beat import (
    BEAT,
    BEEP_S,
    SCALE,
    STEP_S,
    TURN,
    Beats,
    Phase,
    beats,
    lateness,
    on_line,
    probed,
    signs,
    untold,
    within,
)
from tests.browser.links import LinkedCast
from tests.browser.stage import Person
from tests.browser.test_consent import SHEET, STEP_MS, ask, called_in, lit
from tests.browser.test_recovery import Inlet, owner_of
from tests.netsim.link import PERFECT, Conditions
from tests.opened import Opened, open_recording
from tests.processes import slowness, wait_for
from tests.signaling_process import children

CALL_S = 60.0
PHASE_S = 10.0
AFTER_S = 8.0
LENGTH_S = 0.2
"""What a recording may be longer or shorter by than the light was lit."""
SETTLED_S = 1.5
"""What is judged of a phase begins and ends as long after and before its ends: packets are on their way, and held for order."""
MARGIN_S = 1.0
MOST_LOST_S = 8.0
"""A segment of a picture is five seconds, and a key frame may keep it waiting."""
KEY_FRAME_S = 0.5
"""A picture begins with a key frame, for which its sender is asked again once the last one has come, or had the time to."""
LOST = 0.1
"""Of the packets both ways, on the line that loses some."""
UNSENT_S = 0.4
"""Of silence Chromium sends one packet in so long (Opus DTX)."""


class Recorded:
    """A call of a doctor and a patient that is being recorded."""

    def __init__(self, cast: LinkedCast, doctor: Person, patient: Person, before: set[Path]) -> None:
        self.cast, self.doctor, self.patient = cast, doctor, patient
        self.late_s = 0.0
        self._before = before
        self.phases: dict[str, Phase] = {}
        self.mishaps: dict[str, Phase] = {}
        """From the moment until all was well again."""

    async def phase(self, name: str, seconds: float = PHASE_S) -> None:
        """Things are so for a while."""
        began = time.monotonic()
        await asyncio.sleep(seconds)
        self.phases[name] = Phase(began, time.monotonic())

    async def after(self, name: str, mishap: Callable[[], Awaitable[object]], *, told: bool) -> None:
        """What comes once all is well again: both are recorded, and have sound and picture.

        `told`: meanwhile the pages say that nothing is recorded, though it should be.
        """
        changes = len(await signs(self.doctor, "runs"))
        inlets = [Inlet(self.doctor), Inlet(self.patient)]
        began = time.monotonic()
        await mishap()
        if told:
            await wait_for(partial(self._runs_again, changes), STEP_MS / 1000, f"it to be recorded again: {name}")
        else:
            for inlet in inlets:
                await inlet.begin()
            for inlet in inlets:
                await wait_for(inlet.flows, STEP_MS / 1000, f"sound and picture: {name}")
        await lit(self.doctor.page, self.patient.page)
        self.mishaps[name] = Phase(began, time.monotonic())
        await self.phase(name, AFTER_S)

    async def _runs_again(self, changes: int) -> bool:
        now = await signs(self.doctor, "runs")
        return len(now) >= changes + 2 and now[-1][1]

    async def note_lateness(self) -> None:
        """Before a page goes that knows it."""
        self.late_s = max(self.late_s, await lateness(self.doctor), await lateness(self.patient))

    async def sealed(self) -> Opened:
        """The doctor ends the call; its recording, opened."""
        await self.note_lateness()
        await self.doctor.hang_up()
        (folder,) = folders(self.cast) - self._before
        await wait_for(lambda: b'"state":"sealed"' in (folder / "manifest.json").read_bytes(), 60, "the recording is sealed")
        return await asyncio.to_thread(open_recording, self.cast.server.data, folder.name)


async def recorded(chromium: Browser, cast: LinkedCast) -> Recorded:
    """Both have agreed in their pages, and packets are recorded."""
    cast.scripts.append(BEAT)
    before = folders(cast)
    doctor, patient = await called_in(chromium, chromium, cast)
    await ask(doctor)
    await patient.page.click(SHEET)
    await lit(doctor.page, patient.page)
    return Recorded(cast, doctor, patient, before)


def folders(cast: LinkedCast) -> set[Path]:
    """Of the recordings there are."""
    return set((cast.server.data / "recordings").glob("rc_*"))


def recorder_of(cast: LinkedCast) -> int:
    """The recorder's process of the server."""
    (process,) = children(cast.server, "recording.worker")
    return process


async def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def shown_s(opened: Opened, one: Beats, span: tuple[float, float]) -> float:
    """How many seconds of a span there should be a picture, by what the recording tells itself.

    On a machine that is too busy for both calls and tests the sender's own ladder takes the picture away for a while.
    """
    gaps = [gap for gap in opened.manifest.gaps if gap.seat in ("", one.seat) and gap.kind in ("", "video")]
    away = [(max(span[0], gap.from_ms / 1000), min(span[1], (gap.to_ms or 0) / 1000)) for gap in gaps]
    return span[1] - span[0] - sum(max(0.0, last - first) for first, last in away)


def by_chance(count: int, part: float) -> int:
    """How many of so many have it, each with a chance of `part`, at most: more have in one of a thousand runs."""
    have = [math.comb(count, number) * part**number * (1 - part) ** (count - number) for number in range(count + 1)]
    return next(most for most in range(count + 1) if sum(have[most + 1 :]) < 0.001)


def in_step(one: Beats, call: Recorded, least: float, span: tuple[float, float], *, loses: float = 0.0) -> None:
    """Each flash of a span within 80 ms of its beep, but for what the page itself was late by. On a line that loses a part of the
    sound a beep whose first packet is among that is quieter, and seems late, for as long as it lasts: chance says how many."""
    pairs = one.apart(span)
    assert len(pairs) >= least, (one.words(), span)
    if not pairs:
        return
    assert abs(statistics.median(pairs)) <= STEP_S, (one.words(), span, pairs)
    late = [abs(pair) for pair in pairs if abs(pair) > STEP_S + call.late_s]
    seen = (one.words(), span, pairs, call.late_s)
    assert len(late) <= by_chance(len(pairs), loses), seen
    assert max(late, default=0.0) <= STEP_S + call.late_s + BEEP_S, seen


async def judged(opened: Opened, call: Recorded, folder: Path) -> dict[str, Beats]:
    """What holds of every recording: each frame decodes, ffprobe has no complaint, and what is not there is told."""
    found = await asyncio.to_thread(beats, opened)
    words = [one.words() for one in found.values()]
    words += [f"recorded {opened.manifest.duration_ms / 1000:.2f} s, a flash late by {call.late_s * 1000:.0f} ms at most"]
    print("\n" + "\n".join([*words, *map(str, opened.manifest.gaps), *map(str, opened.manifest.quality)]))
    assert set(found) == {"patient", "practitioner"}
    await asyncio.to_thread(probed, opened, folder)
    for one in found.values():
        assert untold(opened, one.seat, "audio") == untold(opened, one.seat, "video") == []
    return found


@pytest.mark.timeout(300)
async def test_a_minute_is_whole_in_step_and_as_long_as_the_light_was_lit(
    chromium: Browser, linked_cast: LinkedCast, tmp_path: Path
) -> None:
    call = await recorded(chromium, linked_cast)
    await call.phase("call", CALL_S)
    opened = await call.sealed()
    found = await judged(opened, call, tmp_path)
    (on_at, _), (off_at, _) = (await signs(call.doctor, "lit"))[-2:]
    length_s, slack_s = opened.manifest.duration_ms / 1000, LENGTH_S * await asyncio.to_thread(slowness)
    print(f"the light was lit for {off_at - on_at:.2f} s")
    assert abs(length_s - (off_at - on_at)) <= slack_s
    for one in found.values():
        span = on_line(opened, call.phases["call"], SETTLED_S)
        in_step(one, call, CALL_S / 3, span)
        assert len(one.beeps) >= CALL_S - 3, one.words()
        assert len(within(one.flashes, span)) >= shown_s(opened, one, span) - 4, one.words()
        first_s, last_s = one.picture_s
        for gap in opened.manifest.gaps:
            if (gap.seat, gap.kind) == (one.seat, "video"):  # taken away by the sender's ladder, and told
                first_s, last_s = min(first_s, gap.from_ms / 1000), max(last_s, (gap.to_ms or 0) / 1000)
        assert first_s <= slack_s + KEY_FRAME_S and length_s - last_s <= slack_s, one.words()
        assert one.sound_s[0] <= slack_s + UNSENT_S and length_s - one.sound_s[1] <= slack_s + UNSENT_S, one.words()
    assert {gap.reason for gap in opened.manifest.gaps} <= {"no_media"}, "a line that was too slow for a picture, at worst"


@pytest.mark.timeout(300)
async def test_mishaps_stay_one_recording_that_tells_of_them(chromium: Browser, linked_cast: LinkedCast, tmp_path: Path) -> None:
    call = await recorded(chromium, linked_cast)
    page, link = call.patient.page, linked_cast.link(call.patient)
    await call.phase("plain", 5)
    await page.evaluate(SCALE, 2)
    await call.phase("small", 5)
    await page.evaluate(SCALE, 1)
    await page.evaluate(TURN, [240, 320])
    await call.phase("turned", 5)
    await page.click("[data-key=microphone]")
    await call.phase("muted")
    await page.click("[data-key=microphone]")
    link.become(Conditions(loss=LOST))
    await call.phase("lossy", 15)  # in seven seconds chance alone left two of seven, where a third is asked
    link.become(PERFECT)
    await call.note_lateness()
    await call.after("reloaded", lambda: page.reload(wait_until="commit"), told=False)
    await call.after("recorder killed", partial(kill, recorder_of(linked_cast)), told=True)
    await call.after("worker killed", partial(kill, owner_of(linked_cast.media_ports[0])), told=False)
    opened = await call.sealed()
    found = await judged(opened, call, tmp_path)
    patient, doctor = found["patient"], found["practitioner"]
    spans = {name: on_line(opened, phase, SETTLED_S) for name, phase in call.phases.items()}
    for name, (first, last) in spans.items():
        for one in (patient, doctor):
            if (name, one) != ("muted", patient):
                least = int(shown_s(opened, one, (first, last)) / 3)  # of whole beats: in 12.0001 s there are twelve
                in_step(one, call, least, (first, last), loses=LOST if name == "lossy" else 0.0)
    assert not within(patient.beeps, spans["muted"])
    shown = within(patient.flashes, spans["muted"])
    assert len(shown) >= shown_s(opened, patient, spans["muted"]) / 2, "the picture goes on"
    assert patient.sizes[:2] == [(320, 240), (160, 120)]
    assert any(height > width for width, height in patient.sizes), "as of a phone that was turned"
    told_apart(opened, call)


def told_apart(opened: Opened, call: Recorded) -> None:
    """What the kills cost is told: from when to when, and why; and no more than a segment is lost before one."""
    reloaded, killed, moved = (on_line(opened, call.mishaps[name]) for name in ("reloaded", "recorder killed", "worker killed"))
    gaps = [(gap, gap.from_ms / 1000, (gap.to_ms or 0) / 1000) for gap in opened.manifest.gaps]
    (lost,) = [(first, last) for gap, first, last in gaps if (gap.seat, gap.kind, gap.reason) == ("", "", "recorder_lost")]
    assert killed[0] - MOST_LOST_S <= lost[0] <= killed[0] <= lost[1] <= killed[1]
    for gap, first, last in gaps:
        assert first < last, gap
        if (gap.kind, gap.reason) == ("audio", "no_media"):
            assert any(at[0] - MARGIN_S <= first <= at[1] for at in (reloaded, moved)), gap
    assert {consent.purpose for consent in opened.manifest.consents} == {"audio_video", "audio_only"}
    assert all(consent.given for consent in opened.manifest.consents)
