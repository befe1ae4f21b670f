"""What signaling and the recorder say to each other, over the codec of media.control. Decides names and fields; carries nothing.

`recording_order` holds the whole of what is wanted now, may be repeated and may come late. The session is the consultation.
"""

from typing import Literal

from pydantic import Field

from common.wire import Id, Wire
from media.control.messages import Done, MediaKind, Words, WorkerReady

Code = Field(pattern=r"^([a-z][a-z0-9_]{0,47})?$")


class OrderedTrack(Wire):
    """One person's sound or picture."""

    seat: Id
    kind: MediaKind


class OrderedPerson(Wire):
    seat: Id
    role: str = Code


class GivenConsent(Wire):
    """For the manifest: what a person said to a purpose, when (milliseconds since 1970 UTC)."""

    seat: Id
    purpose: str = Code
    given: bool
    at_ms: int = Field(ge=0)


class Order(Wire):
    """`on`: record these tracks. `paused`: nothing, for `reason`. `over`: nothing more, seal it."""

    recording: Id
    hospital: Id
    state: Literal["on", "paused", "over"]
    reason: str = Code
    tracks: list[OrderedTrack] = Field(max_length=64)
    people: list[OrderedPerson] = Field(default=[], max_length=64)
    consents: list[GivenConsent] = Field(default=[], max_length=256)


class PlacedStream(Wire):
    """The number under which a track's copies are taken."""

    seat: Id
    kind: MediaKind
    stream: int


class Placed(Wire):
    """Reply to `recording_order`: it is carried out. `socket` takes copies of `streams` (of none unless it is on).

    `sealed` tells that the recording is over, whole on the disk and signed.
    """

    socket: str
    streams: list[PlacedStream]
    sealed: bool


class Release(Wire):
    """Whoever records it is another recorder now: seal what there is, and let its folder go. It may be ordered on again."""

    recording: Id


class Ping(Wire):
    """Asks a recorder for its condition."""


class RecorderStatus(Wire):
    """Reply to `recorder_ping`. `waiting_octets` are of closed segments not yet on the disk; `dropped` copies never came here."""

    recordings: int
    streams: int
    segments: int
    waiting_octets: int
    packets: int
    dropped: int
    rss_bytes: int


class KeyframeWanted(Wire):
    """Notice: the senders of these streams are to be asked for a key frame."""

    recording: Id
    streams: list[int]


class RecordingFailed(Wire):
    """Notice: nothing is recorded any more, for `reason` (a code: `disk_full`, …). What was sealed is safe.

    To try again, order it on again.
    """

    recording: Id
    reason: str = Code


RECORDER_WORDS = Words(
    requests={
        "recording_order": (Order, Placed),
        "recording_release": (Release, Done),
        "recorder_ping": (Ping, RecorderStatus),
        "recorder_drain": (Ping, Done),
    },
    notices={"worker_ready": WorkerReady, "keyframe_wanted": KeyframeWanted, "recording_failed": RecordingFailed},
)
