"""How well a call is carried: what a browser reports, and how it is to send."""

from pydantic import Field

from common.wire import Id, Wire
from signaling.socket.messages.shared import Clarity, PathKind, QualityReason


class PictureReport(Wire):
    """How long the picture of `seat` stood still here since the last report."""

    seat: Id
    frozen_ms: int = Field(ge=0, le=60_000)


class SeatQuality(Wire):
    """`seat_quality`: what a browser in a call finds, every two seconds and whenever it began to keep to another limit.

    `limit_bps` is the limit it keeps its picture under (none: it keeps to none). A report, not a wish: the relay decides."""

    seat: Id
    limit_bps: int | None = Field(ge=0, le=100_000_000)
    path: PathKind
    pictures: list[PictureReport] = Field(max_length=16)


class QualitySeen(Wire):
    """`quality_seen`: how `seat` is to send from now on, and why; to everybody in the call, again every two seconds.

    `limit_bps` is for the picture: the browser of `seat` keeps it by `maxBitrate`, and 0 means that none is sent. Losses are
    shares of 0 to 1 of what `seat` sends: on the way to the relay, and from there to whom it reaches worst."""

    seat: Id
    clarity: Clarity
    reason: QualityReason
    limit_bps: int
    estimate_bps: int | None
    loss_up: float
    loss_down: float
    round_trip_ms: int | None
