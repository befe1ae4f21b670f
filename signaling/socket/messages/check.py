"""The device and network test: ICE servers, probes of each path, the report and what it means."""

from typing import Literal

from pydantic import Field

from common.wire import Id, Sdp, Wire
from signaling.socket.messages.shared import DeviceOutcome, Expectation, PathKind


class IceGet(Wire):
    """`ice_get`: asks for the ICE servers of this seat."""

    seat: Id


class IceServer(Wire):
    """One entry of RTCConfiguration.iceServers; the credential lives for minutes."""

    urls: list[str]
    username: str
    credential: str


class IceServers(Wire):
    """Acknowledgement of `ice_get`. Empty where the installation has no TURN server."""

    servers: list[IceServer]
    expires_at: float


class CheckOffer(Wire):
    """`check_offer`: an offer to the relay's echo for one path. The answer returns what is sent: audio and video `sendrecv`."""

    seat: Id
    path: PathKind
    peer: Id
    sdp: Sdp


class CheckClose(Wire):
    """`check_close`: the test is over; its echo is closed (it also ends by itself after a minute)."""

    seat: Id


class PathResult(Wire):
    """Whether a path to the relay works, and its measured round trip."""

    path: PathKind
    works: bool
    round_trip_ms: int | None = Field(ge=0, le=60_000)


class CheckReport(Wire):
    """`check_report`: what the browser found. Rates were measured through the relay, there and back."""

    seat: Id
    webrtc: bool
    microphone: DeviceOutcome
    camera: DeviceOutcome
    speaker: Literal["heard", "silent", "untested"]
    paths: list[PathResult] = Field(max_length=4)
    up_bps: int | None = Field(ge=0, le=1_000_000_000)
    down_bps: int | None = Field(ge=0, le=1_000_000_000)


class CheckResult(Wire):
    """What the test came to: shown to the patient in words and on the doctor's list."""

    at: float
    expect: Expectation
    microphone: DeviceOutcome
    camera: DeviceOutcome
    speaker: Literal["heard", "silent", "untested"]
    paths: list[PathResult]
    up_bps: int | None
    down_bps: int | None
