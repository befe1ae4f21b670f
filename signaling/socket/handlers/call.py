"""The call itself: media, presence of sound and picture, leaving, ending."""

from clinic.chart import Summary
from common.wire import Wire
from media.control.messages import WantedTrack
from rooms.access import access_chart
from rooms.errors import not_confirmed, not_in_call, seat_unknown
from rooms.model import IN_CALL
from signaling.sdp_gate import admit_sdp
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker, author_of


async def peer_offer(services: Services, connection: Connection, body: messages.PeerOffer) -> Wire:
    """Negotiate with the media worker of the call."""
    speaker = await access_speaker(services, connection, body.seat)
    sdp = admit_sdp(body.sdp)
    view = await services.rooms.seat_view(speaker.seat)
    if view is None:
        raise seat_unknown()  # who left must not go on listening
    if view.state not in IN_CALL:
        raise not_in_call()
    if not view.admitted:
        raise not_confirmed()  # nobody is seen or heard by somebody they did not expect
    services.probes.close(speaker.seat)  # a test that goes on would take its bandwidth from the call
    wanted = [WantedTrack(mid=track.mid, label=track.seat, size=track.size) for track in body.wanted]
    return messages.PeerAnswer(sdp=await services.placements.offer(speaker, body.peer, sdp, wanted))


async def seat_media(services: Services, connection: Connection, body: messages.SeatMedia) -> None:
    """Tell the others what this seat sends."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.seat_media(speaker.seat, body.microphone, body.camera))


async def seat_confirm(services: Services, connection: Connection, body: messages.SeatConfirm) -> None:
    """Say whether the name card is right."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.confirm(speaker.seat, body.right))


async def seat_leave(services: Services, connection: Connection, body: messages.SeatLeave) -> None:
    """Give up a place, or leave a room as a guest."""
    speaker = await access_speaker(services, connection, body.seat)
    services.probes.close(speaker.seat)
    services.carry_out(await services.rooms.leave(speaker.seat))


async def consultation_end(services: Services, connection: Connection, body: messages.ConsultationEnd) -> None:
    """End the consultation for everyone. A summary is kept first, also when the other side has ended it a moment before."""
    speaker = await access_speaker(services, connection, body.seat)
    if body.summary is not None:
        access_chart(await services.rooms.consultation(speaker.seat), speaker.seat, services.clock.now())
        summary = Summary(tuple(body.summary.agreed), body.summary.next_step)
        await services.charts.give_summary(author_of(speaker), summary)
    effects = await services.rooms.end(speaker.seat)
    if body.summary is not None and not effects:
        effects = await services.rooms.shown(speaker.seat)
    services.carry_out(effects)


HANDLERS: dict[str, Handler] = {
    "peer_offer": peer_offer,
    "seat_media": seat_media,
    "seat_confirm": seat_confirm,
    "seat_leave": seat_leave,
    "consultation_end": consultation_end,
}
