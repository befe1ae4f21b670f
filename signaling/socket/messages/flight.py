"""How a call was: figures over time for staff, and for everybody the one reason why it was bad."""

from typing import Literal

from common.wire import Id, Wire
from signaling.socket.messages.shared import Clarity, PathKind


class CallQuality(Wire):
    """`call_quality`: asks how this seat's call was, during it or after."""

    seat: Id


class QualityVerdict(Wire):
    """Whose line was the trouble, what kind, for how many seconds of how many. `worst` is a share of packets for loss, bit/s for
    narrow, ms for delay, and none for the others."""

    cause: Literal["interrupted", "loss", "narrow", "delay", "frozen"]
    seat: Id
    role: Literal["patient", "practitioner", "companion", "interpreter"]
    seconds: float
    of_seconds: float
    worst: float | None


class FlightSpan(Wire):
    """What was heard of one seat in one span of time: rates are the least, losses and the round trip the most of it. Losses are
    shares of what the seat sent: on the way to the relay, and from there to whom it reached worst."""

    rate_bps: int | None
    estimate_bps: int | None
    loss_up: float | None
    loss_down: float | None
    round_trip_ms: int | None
    frozen_ms: int
    """How long others' pictures stood still for this seat."""
    clarity: Clarity | None
    path: PathKind | None


class FlightLine(Wire):
    """One seat's spans from `began_at` (seconds since 1970 UTC) on, `span_s` each; none where nothing was heard."""

    seat: Id
    role: Literal["patient", "practitioner", "companion", "interpreter"]
    began_at: float
    span_s: int
    spans: list[FlightSpan | None]


class CallQualitySeen(Wire):
    """Acknowledgement of `call_quality`; `flights` is for the practitioner, for others empty."""

    verdict: QualityVerdict | None
    flights: list[FlightLine]
