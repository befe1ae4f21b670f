"""From a consultation's recording to what a browser is told of it. Decides when it is ending, and who may take something back."""

from collections.abc import Sequence
from typing import Literal

from clinic.hospitals import Hospital
from common.ids import SeatId
from rooms.consent import UNDER_WAY, Answer, Recording, RecordingState
from signaling.socket import messages as wire


def recording_status(
    recording: Recording | None, hospital: Hospital, seat: SeatId, unanswered: Sequence[SeatId], trouble: str | None = None
) -> wire.RecordingStatus:
    """How the recording stands for the holder of `seat`."""
    answer = recording.answer(seat) if recording is not None else Answer(seat)
    return wire.RecordingStatus(
        allowed=hospital.records,
        state=_state(recording),
        reason=recording.reason.value if recording is not None else None,
        light=recording is not None and recording.copying,
        running=recording is not None and recording.running,
        trouble=trouble if recording is not None and recording.state is RecordingState.ON else None,
        waiting_for=list(unanswered),
        teaching=recording is not None and recording.teaching,
        erases=recording.erases if recording is not None else hospital.erases,
        started_at=recording.started_at if recording is not None else None,
        own=wire.OwnConsent(
            audio_video=answer.audio_video.value,
            audio_only=answer.audio_only.value,
            teaching=answer.teaching.value,
            can_withdraw=recording is not None and _can_withdraw(recording, answer),
        ),
    )


def _state(recording: Recording | None) -> Literal["off", "asked", "on", "paused", "ending"]:
    if recording is None:
        return "off"
    match recording.state:
        case RecordingState.ASKED:
            return "asked"
        case RecordingState.ON:
            return "on"
        case RecordingState.PAUSED:
            return "paused"
        case RecordingState.OFF | RecordingState.OVER:
            return "ending" if recording.copying else "off"


def _can_withdraw(recording: Recording, answer: Answer) -> bool:
    """A yes that has an effect yet, or something of this person that would be destroyed."""
    if answer.yes and recording.state in UNDER_WAY:
        return True
    return answer.recorded and (answer.yes or recording.erases)
