"""Recording: asking, answering, taking back, stopping."""

from rooms.consent import Purpose
from rooms.recordings import RecordingPolicy
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def consent_ask(services: Services, connection: Connection, body: messages.ConsentAsk) -> None:
    """Ask everybody in the room."""
    speaker = await access_speaker(services, connection, body.seat)
    hospital = (await services.names.directory()).hospitals[speaker.hospital]
    policy = RecordingPolicy(hospital.records, hospital.erases)
    ask = services.rooms.recordings.ask(speaker.seat, policy, Purpose(body.own), teaching=body.teaching)
    services.carry_out(await ask)


async def consent_answer(services: Services, connection: Connection, body: messages.ConsentAnswer) -> None:
    """Say yes or no."""
    speaker = await access_speaker(services, connection, body.seat)
    yes = None if body.answer == "no" else Purpose(body.answer)
    services.carry_out(await services.rooms.recordings.answer(speaker.seat, yes, teaching=body.teaching))


async def consent_withdraw(services: Services, connection: Connection, body: messages.ConsentWithdraw) -> None:
    """Take a yes back, in the call or after it."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.recordings.withdraw(speaker.seat, Purpose(body.purpose)))


async def recording_stop(services: Services, connection: Connection, body: messages.RecordingStop) -> None:
    """End the recording, or the question."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.recordings.stop(speaker.seat))


HANDLERS: dict[str, Handler] = {
    "consent_ask": consent_ask,
    "consent_answer": consent_answer,
    "consent_withdraw": consent_withdraw,
    "recording_stop": recording_stop,
}
