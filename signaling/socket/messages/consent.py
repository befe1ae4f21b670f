"""Recording: asking, answering, taking back; and how it stands, as the server knows it."""

from typing import Literal

from common.wire import Id, Wire

RecordingState = Literal["off", "asked", "on", "paused", "ending"]
"""`ending`: it is off, or the consultation is over, but it is not known yet that nothing is recorded any more."""
RecordingReason = Literal["asked", "all_yes", "joined", "declined", "withdrawn", "stopped", "ended"]
"""Why it stands so: paused because somebody `joined` or a newcomer `declined`; off because somebody `declined` before it began,
somebody took a yes back (`withdrawn`), the doctor `stopped` it, or the consultation has `ended`."""
RecordedScope = Literal["audio_video", "audio_only"]
ConsentPurpose = Literal["audio_video", "audio_only", "teaching"]
ConsentStanding = Literal["unasked", "asked", "given", "declined", "withdrawn"]

# --- to the server ---------------------------------------------------------------------------------------------------


class ConsentAsk(Wire):
    """`consent_ask`: the doctor asks everybody in the room whether the consultation may be recorded, and says yes to `own`
    with it. `teaching`: asks also whether the recording may be shown for teaching."""

    seat: Id
    own: RecordedScope
    teaching: bool = False


class ConsentAnswer(Wire):
    """`consent_answer`: what this seat says to the question. It may be changed while the question or the recording stands; a no
    after a yes takes the yes back."""

    seat: Id
    answer: Literal["audio_video", "audio_only", "no"]
    teaching: bool = False


class ConsentWithdraw(Wire):
    """`consent_withdraw`: takes a yes back, in the call or after it. `audio_only` is everything and stops the recording,
    `audio_video` the picture alone, `teaching` that alone."""

    seat: Id
    purpose: ConsentPurpose


class RecordingStop(Wire):
    """`recording_stop`: the doctor ends the recording, or the question; the call goes on."""

    seat: Id


# --- to the browser --------------------------------------------------------------------------------------------------


class OwnConsent(Wire):
    """How this seat stands to each purpose. `can_withdraw`: there is a yes or something recorded to take back."""

    audio_video: ConsentStanding
    audio_only: ConsentStanding
    teaching: ConsentStanding
    can_withdraw: bool


class RecordingStatus(Wire):
    """How the recording of a consultation stands.

    `allowed`: the hospital records at all. `light` is what a browser must show: it is lit before anything is recorded and goes
    out only when it is known that nothing is. `running`: it is known that packets are recorded now. `trouble`: why they are not
    though they should be (`disk_full`, `recorder_absent`, …); it is tried again all the time. `waiting_for`: who has yet to
    answer. `teaching`: teaching was asked for. `erases`: what was recorded of somebody who takes a yes back is destroyed.
    """

    allowed: bool
    state: RecordingState
    reason: RecordingReason | None
    light: bool
    running: bool
    trouble: str | None
    waiting_for: list[Id]
    teaching: bool
    erases: bool
    started_at: float | None
    own: OwnConsent
