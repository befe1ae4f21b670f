"""Whether a consultation may be recorded: how people stand to it and how the recording stands, as two tables. Pure.

A recording begins when everybody in the room has said yes; it pauses while a newcomer has not, and goes off when somebody takes
the yes back. Saying no is an answer like another: it ends no call. One consultation has one recording at most, which can go on
and off many times. `order_of` says what may be copied now, and nothing is the rule; what moves the tables is consent_course.py's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from common.ids import ConsultationId, HospitalId, RecordingId, SeatId


class Purpose(StrEnum):
    """What somebody may say yes or no to. Yes to sound and picture is yes to sound."""

    AUDIO_VIDEO = "audio_video"
    AUDIO_ONLY = "audio_only"
    TEACHING = "teaching"


class Standing(StrEnum):
    """How one person stands to one purpose."""

    UNASKED = "unasked"
    ASKED = "asked"
    GIVEN = "given"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Said(StrEnum):
    """What moves a standing."""

    ASK = "ask"
    GIVE = "give"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


STANDINGS: dict[Standing, dict[Said, Standing]] = {
    Standing.UNASKED: {Said.ASK: Standing.ASKED},
    Standing.ASKED: {Said.ASK: Standing.ASKED, Said.GIVE: Standing.GIVEN, Said.DECLINE: Standing.DECLINED},
    Standing.GIVEN: {Said.ASK: Standing.ASKED, Said.GIVE: Standing.GIVEN, Said.WITHDRAW: Standing.WITHDRAWN},
    Standing.DECLINED: {Said.ASK: Standing.ASKED, Said.GIVE: Standing.GIVEN, Said.DECLINE: Standing.DECLINED},
    Standing.WITHDRAWN: {Said.ASK: Standing.ASKED, Said.WITHDRAW: Standing.WITHDRAWN},
}
"""The first table: one person, one purpose. What was taken back is given again only when it is asked for again."""


class RecordingState(StrEnum):
    """How a consultation's recording stands, as far as people decide it."""

    OFF = "off"
    ASKED = "asked"
    ON = "on"
    PAUSED = "paused"
    OVER = "over"


class Turnout(StrEnum):
    """What moves a recording; also the reason that everybody is told."""

    ASKED = "asked"
    ALL_YES = "all_yes"
    JOINED = "joined"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    ENDED = "ended"


RECORDINGS: dict[RecordingState, dict[Turnout, RecordingState]] = {
    RecordingState.OFF: {Turnout.ASKED: RecordingState.ASKED, Turnout.ENDED: RecordingState.OVER},
    RecordingState.ASKED: {
        Turnout.ALL_YES: RecordingState.ON,
        Turnout.DECLINED: RecordingState.OFF,
        Turnout.WITHDRAWN: RecordingState.OFF,
        Turnout.STOPPED: RecordingState.OFF,
        Turnout.ENDED: RecordingState.OVER,
    },
    RecordingState.ON: {
        Turnout.JOINED: RecordingState.PAUSED,
        Turnout.DECLINED: RecordingState.PAUSED,
        Turnout.WITHDRAWN: RecordingState.OFF,
        Turnout.STOPPED: RecordingState.OFF,
        Turnout.ENDED: RecordingState.OVER,
    },
    RecordingState.PAUSED: {
        Turnout.ALL_YES: RecordingState.ON,
        Turnout.JOINED: RecordingState.PAUSED,
        Turnout.DECLINED: RecordingState.PAUSED,
        Turnout.WITHDRAWN: RecordingState.OFF,
        Turnout.STOPPED: RecordingState.OFF,
        Turnout.ENDED: RecordingState.OVER,
    },
    RecordingState.OVER: {},
}
"""The second table: one consultation. PAUSED moves to itself where only the reason changes: a newcomer, or a newcomer's no."""

UNDER_WAY = frozenset({RecordingState.ASKED, RecordingState.ON, RecordingState.PAUSED})
"""Somebody was asked, and it was neither refused nor ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's standings. `at` is when the last of them moved; `recorded`: something of them may have been copied since
    the last erasure."""

    seat: SeatId
    audio_video: Standing = Standing.UNASKED
    audio_only: Standing = Standing.UNASKED
    teaching: Standing = Standing.UNASKED
    at: float = 0.0
    recorded: bool = False

    def of(self, purpose: Purpose) -> Standing:
        """How this person stands to that purpose."""
        match purpose:
            case Purpose.AUDIO_VIDEO:
                return self.audio_video
            case Purpose.AUDIO_ONLY:
                return self.audio_only
            case Purpose.TEACHING:
                return self.teaching

    @property
    def yes(self) -> bool:
        """Whether this person may be recorded at all."""
        return self.audio_only is Standing.GIVEN

    @property
    def open(self) -> bool:
        """Whether this person was asked and has not answered."""
        return self.audio_only is Standing.ASKED


@dataclass(frozen=True, slots=True)
class Recording:
    """A consultation's recording. `erases`: the hospital's policy, as people were told it when they were asked.

    `copying` is what every light shows: set before anything is copied, taken back only when it is known that nothing is, and
    never while the recording is on. `running`: packets are known to be copied. `started_at` is none until everybody had said
    yes for the first time; `moved_at` is when `state` or `reason` last changed.
    """

    id: RecordingId
    state: RecordingState
    reason: Turnout
    asked_at: float
    teaching: bool
    erases: bool
    moved_at: float
    started_at: float | None = None
    copying: bool = False
    running: bool = False
    answers: tuple[Answer, ...] = ()

    def answer(self, seat: SeatId) -> Answer:
        """What this seat said."""
        return next((one for one in self.answers if one.seat == seat), Answer(seat))

    def with_answer(self, answer: Answer) -> "Recording":
        """The same with this answer in place of the former."""
        if any(one.seat == answer.seat for one in self.answers):
            return replace(self, answers=tuple(answer if one.seat == answer.seat else one for one in self.answers))
        return replace(self, answers=(*self.answers, answer))


# --- what may be copied now: the recorder's side ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordedTrack:
    """The sound or the picture of one seat."""

    seat: SeatId
    kind: Literal["audio", "video"]


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """How one person stood to one purpose, since when: for the manifest."""

    seat: SeatId
    purpose: Purpose
    standing: Standing
    at: float


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """What is wanted now, whole. `tracks` is all that may be copied, and empty unless `state` is on; `reason` is a Turnout."""

    recording: RecordingId
    consultation: ConsultationId
    hospital: HospitalId
    tracks: frozenset[RecordedTrack]
    state: Literal["on", "paused", "over"]
    reason: str
    consents: tuple[RecordedConsent, ...] = ()


def order_of(
    recording: Recording | None, consultation: ConsultationId, hospital: HospitalId, here: Iterable[SeatId]
) -> RecordingOrder | None:
    """The order of this recording while the seats `here` have not been left; none when nothing was ever recorded."""
    if recording is None or recording.started_at is None:
        return None
    on = recording.state is RecordingState.ON
    state: Literal["on", "paused", "over"] = "over" if recording.state is RecordingState.OVER else ("on" if on else "paused")
    tracks = frozenset(track for seat in here for track in tracks_of(recording.answer(seat))) if on else frozenset()
    return RecordingOrder(recording.id, consultation, hospital, tracks, state, recording.reason, tuple(_consents(recording)))


def tracks_of(answer: Answer) -> list[RecordedTrack]:
    """What of a person may be copied while the recording is on."""
    sound = [RecordedTrack(answer.seat, "audio")] if answer.audio_only is Standing.GIVEN else []
    picture = [RecordedTrack(answer.seat, "video")] if answer.audio_video is Standing.GIVEN else []
    return sound + picture


def _consents(recording: Recording) -> Iterator[RecordedConsent]:
    for answer in recording.answers:
        for purpose in Purpose:
            standing = answer.of(purpose)
            if standing is not Standing.UNASKED:
                yield RecordedConsent(answer.seat, purpose, standing, answer.at)


def diagram() -> str:
    """Both tables as Mermaid state diagrams, for the docs."""
    return "\n\n".join(
        "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {start}", *_arrows(table), "```"])
        for start, table in ((RecordingState.OFF, RECORDINGS), (Standing.UNASKED, STANDINGS))
    )


def _arrows(
    table: Mapping[RecordingState, Mapping[Turnout, RecordingState]] | Mapping[Standing, Mapping[Said, Standing]],
) -> Iterator[str]:
    for before, moves in table.items():
        yield from (f"    {before} --> {after}: {word}" for word, after in moves.items())
