"""What the worker says of a call's quality, and what reports and estimates do to it, over real UDP and SRTP."""

import asyncio
from dataclasses import dataclass, field

from common.ids import ConsultationId
from media.control.messages import Notice, PeerClose, PeerReport, PictureSeen, QualityChanged
from media.core.ladder import START_BPS
from tests.peers.browser import FakeBrowser
from tests.peers.calls import Call, call_of_two
from tests.peers.waiting import until
from tests.reference import rtcp
from tests.reference.bandwidth import FREE_BPS


@dataclass
class Ear:
    """Keeps the latest notice of each person."""

    call: Call
    latest: dict[str, QualityChanged] = field(default_factory=dict)
    limits: dict[str, list[int]] = field(default_factory=dict)
    """The limits that were told of each."""
    heard: int = 0

    def __post_init__(self) -> None:
        self.latest.update(self.call.quality)  # what was said before anybody listened is not said again for ten seconds
        self.call.worker.on_notice = self.hear

    def hear(self, notice: Notice, session: ConsultationId | None) -> None:
        if isinstance(notice, QualityChanged) and session == self.call.session:
            self.latest[notice.label] = notice
            self.limits.setdefault(notice.label, []).append(notice.limit_bps)
            self.heard += 1
        else:
            self.call.heard(notice, session)


async def talk(one: FakeBrowser, seconds: float, *, lose_every: int = 0) -> None:
    """Sound and picture for a while; with `lose_every` every so manieth packet is left out."""
    for number in range(round(seconds / 0.02)):
        if lose_every and number % lose_every == 0:
            one.streams["audio"].sequence += 1
        else:
            await one.send_audio()
        await one.send_frame(key=number % 50 == 0)
        await asyncio.sleep(0.02)  # pace of a sender, not a wait


async def test_everybody_s_quality_is_told_at_a_bounded_pace() -> None:
    async with call_of_two() as (_, call, one, two):
        ear = Ear(call)
        await until(lambda: one.label in ear.latest and two.label in ear.latest, "both are spoken of")
        said = ear.latest[one.label]
        assert (said.rung, said.reason, said.limit_bps) == ("sd", "start", START_BPS)
        before = ear.heard
        await talk(one, 4.2)
        assert 2 <= ear.heard - before <= 20, "about one in two seconds for each, and one for each step"


async def test_of_people_who_send_nothing_little_is_said_until_they_do() -> None:
    async with call_of_two() as (_, call, one, two):
        ear = Ear(call)
        await until(lambda: one.label in ear.latest and two.label in ear.latest, "both are spoken of")
        await asyncio.sleep(1.0)  # what came of connecting is told
        before = ear.heard
        await asyncio.sleep(4.5)  # their silence is what is looked at
        assert ear.heard - before <= 2, "no more than once for each"
        before = ear.heard
        await talk(one, 0.6)
        assert ear.heard > before, "the next round is theirs again"


async def test_a_sender_that_keeps_a_limit_is_freed_of_slow_estimates() -> None:
    async with call_of_two() as (_, call, one, two):
        ear = Ear(call)
        await call.assert_alive(one, two)
        sink = call.sink(two, one.label, "video")
        report = PeerReport(label=one.label, limit_bps=START_BPS, path="udp", pictures=[])
        await call.worker.request("peer_report", call.session, report)
        await until(lambda: one.label in ear.latest, "the ladder takes a step")

        async def freed() -> None:
            while not any(isinstance(p, rtcp.Remb) and p.bps == FREE_BPS for p in one.feedback):
                await one.send_frame(key=True)
                await two.send_rtcp(rtcp.ReceiverReport(7), rtcp.Remb(7, 400_000, (sink,)))
                await asyncio.sleep(0.1)

        await asyncio.wait_for(freed(), 10)


async def test_lost_sound_is_found_hop_by_hop() -> None:
    async with call_of_two() as (_, call, one, two):
        ear = Ear(call)
        await talk(one, 3.5, lose_every=5)
        await until(lambda: ear.latest[one.label].loss_up > 0.1, "the first hop's loss is told")
        assert ear.latest[two.label].loss_up == 0.0


async def test_frozen_pictures_cost_the_sender_a_rung_and_strangers_words_nothing() -> None:
    async with call_of_two() as (_, call, one, two):
        ear = Ear(call)

        async def report(of: str, by: str) -> None:
            pictures = [PictureSeen(label=of, frozen_ms=900)]
            body = PeerReport(label=by, limit_bps=None, path="udp", pictures=pictures)
            await call.worker.request("peer_report", call.session, body)

        await report("s_" + "z" * 16, two.label)
        await report(one.label, "s_" + "z" * 16)
        await until(lambda: two.label in ear.latest, "the ladder takes a step")
        for _ in range(12):
            await report(one.label, two.label)
            await talk(one, 0.5)
            if ear.latest[one.label].reason == "freezes":
                break
        assert (ear.latest[one.label].rung, ear.latest[one.label].reason) == ("low", "freezes")
        assert ear.latest[two.label].rung != "low"


async def test_what_was_said_in_a_room_of_three_stops_no_picture_when_it_is_of_two_again() -> None:
    """There nobody has a cap, and a receiver's estimate follows what comes; of a sender that keeps one it is not believed."""
    async with call_of_two() as (_, call, one, two):
        ear, sink = Ear(call), call.sink(two, one.label, "video")
        three = await call.join(FakeBrowser())
        for label in (one.label, two.label):
            report = PeerReport(label=label, limit_bps=START_BPS, path="udp", pictures=[])
            await call.worker.request("peer_report", call.session, report)

        async def show(seconds: float, estimate_bps: int) -> None:
            """A picture of 400 kbit/s, of which the other says so."""
            for number in range(round(seconds / 0.02)):
                await one.send_audio()
                await one.send_frame(key=number % 50 == 0, size=1000)
                await two.send_audio()
                if number % 10 == 0:
                    await two.send_rtcp(rtcp.ReceiverReport(7), rtcp.Remb(7, estimate_bps, (sink,)))
                await asyncio.sleep(0.02)  # pace of a sender, not a wait

        await show(1.5, 900_000)
        await show(1.5, 160_000)
        assert ear.latest[one.label].limit_bps > 0
        ear.limits.clear()
        await call.worker.request("peer_close", call.session, PeerClose(label=three.label))
        await show(3.0, 160_000)
        assert min(ear.limits[one.label]) >= START_BPS, "neither stopped nor lowered"
