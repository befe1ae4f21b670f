"""Links by which one more person joins, or a seat moves to another device."""

from common.ids import new_id
from common.wire import Wire
from rooms.model import Role
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def link_create(services: Services, connection: Connection, body: messages.LinkCreate) -> Wire:
    """Make a link for one more person."""
    speaker = await access_speaker(services, connection, body.seat)
    grant, effects = await services.rooms.create_link(speaker.seat, Role(body.role))
    services.carry_out(effects)
    return messages.LinkCreated(link=new_id("l"), path=f"/join#{grant.token}", expires_at=grant.expires_at)


HANDLERS: dict[str, Handler] = {
    "link_create": link_create,
}
