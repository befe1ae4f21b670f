"""How a call was."""

from dataclasses import asdict

from common.wire import Wire
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def call_quality(services: Services, connection: Connection, body: messages.CallQuality) -> Wire:
    """The reason why a call was bad, and for the practitioner the figures."""
    speaker = await access_speaker(services, connection, body.seat)
    report = await services.flights.report(speaker)
    return messages.CallQualitySeen.model_validate(
        {
            "verdict": None
            if report.verdict is None
            else {**asdict(report.verdict), "role": report.roles[report.verdict.seat].value},
            "flights": [
                {"seat": seat, "role": report.roles[seat].value, **asdict(flight)}
                for seat, flight in report.flights.items()
                if seat in report.roles
            ],
        }
    )


HANDLERS: dict[str, Handler] = {"call_quality": call_quality}
