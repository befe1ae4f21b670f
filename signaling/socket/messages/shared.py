"""Words that many messages share: roles, states, codes."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from common.wire import Wire

Role = Literal["patient", "practitioner", "companion", "interpreter"]
StaffRole = Literal["practitioner", "coordinator", "archivist", "administrator"]
Language = Literal["zh", "en"]
ConsultationState = Literal["scheduled", "waiting", "offered", "connecting", "live", "interrupted", "ended"]
EndedReason = Literal["completed", "patient_left", "cancelled", "lapsed", "wrong_person"]
Priority = Literal["emergency", "urgent", "routine"]
RedFlag = Literal["breathing", "chest_pain", "stroke", "bleeding", "fainting", "self_harm"]
"""What a patient may say that leads to emergency advice and to the front of the line."""
DeviceOutcome = Literal["ready", "missing", "refused", "insecure"]
PathKind = Literal["udp", "turn_udp", "turn_tcp", "turn_tls"]
"""How packets reach the relay: straight, or through TURN over UDP, TCP or TLS."""
Expectation = Literal["clear", "small", "sound", "text"]
"""What to expect of a patient's link: a clear picture, a small one, sound alone (with stills), or text and pictures."""
Rung = Literal["media", "stills", "text"]
"""How somebody takes part now: by a media path, or without one in text with a still every few seconds, or in text alone."""
Clarity = Literal["hd", "sd", "low", "stills", "audio", "text"]
"""The ladder, from the top: a moving picture of full, half and quarter size; sound with a still every few seconds; sound alone;
and where sound hardly gets through, words."""
QualityReason = Literal["start", "bandwidth", "loss", "delay", "freezes", "better"]
Rating = Literal["good", "fair", "poor"]

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"""^[^@\s,;:<>()\[\]\\"\x00-\x1f\x7f]{1,64}@[^@\s,;:<>()\[\]\\"\x00-\x1f\x7f]{1,189}$""",
    ),
]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,40}$")]
"""Drawn by the browser for a thing it sends, so that the same thing sent again is known."""


class ErrorReply(Wire):
    """Body of every HTTP error and of every refused Socket.IO message."""

    code: str
    message: str
