"""Links by which one more person joins or a seat moves to another device, and being called back when the turn comes."""

from common.wire import Wire
from rooms.invitations import contact_of
from rooms.link import LinkKind
from rooms.mailing import join_path
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def link_create(services: Services, connection: Connection, body: messages.LinkCreate) -> Wire:
    """Make a link for one more person, or for another device of this one."""
    speaker = await access_speaker(services, connection, body.seat)
    kind = LinkKind.RESUME if body.role == "self" else LinkKind(body.role)
    grant, effects = await services.rooms.entrance.create_link(speaker.seat, kind)
    services.carry_out(effects)
    return messages.LinkCreated(link=grant.id, path=join_path(grant.token), expires_at=grant.expires_at)


async def link_revoke(services: Services, connection: Connection, body: messages.LinkRevoke) -> None:
    """Take a link back that this seat made."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.rooms.entrance.revoke_link(speaker.seat, body.link))


async def callback_set(services: Services, connection: Connection, body: messages.CallbackSet) -> None:
    """Be called back by mail when the turn is near, or not any more."""
    speaker = await access_speaker(services, connection, body.seat)
    effects = await services.rooms.entrance.set_callback(speaker.seat, body.wanted, contact_of(body.email))
    services.carry_out(effects)


HANDLERS: dict[str, Handler] = {
    "link_create": link_create,
    "link_revoke": link_revoke,
    "callback_set": callback_set,
}
