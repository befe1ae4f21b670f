"""A still on its way from one browser to the others: checked, made anew without its metadata, kept until the next one.

Nothing of it is logged or audited.
"""

import base64
import binascii
from collections.abc import Callable

from common.errors import ProtocolError, UserError
from rooms.effects import Effect
from rooms.model import SeatIdentity
from rooms.stills import Stills
from signaling.pictures.header import JPEG, Unfit
from signaling.pictures.inspection import inspect
from signaling.pictures.orders import Order
from signaling.pictures.workshop import Workshop

LONGEST_SIDE = 640
_OCTETS = 42 * 1024  # as a message may carry; what is sent on is no larger


class StillPost:
    """Takes a still from a message and has it shown."""

    def __init__(self, stills: Stills, workshop: Workshop, carry_out: Callable[[list[Effect]], None]) -> None:
        self._stills = stills
        self._workshop = workshop
        self._carry_out = carry_out

    async def send(self, who: SeatIdentity, image: str) -> None:
        """Raises ProtocolError bad_message, UserError as rooms.stills and picture_broken, Unavailable."""
        data = opened(image)
        await self._stills.admit(who)

        async def load() -> bytes:
            return data

        order = Order(JPEG, longest=LONGEST_SIDE, quality=70, thumbnail=0, most_octets=_OCTETS)
        made = await self._workshop.render(load, order)
        if len(made.content) > _OCTETS:
            raise UserError("picture_too_large", "The still does not fit into a message.")
        self._carry_out(await self._stills.show(who, made.content))


def opened(image: str) -> bytes:
    """The JPEG out of its base64, if it is one and of the size agreed on. Raises ProtocolError."""
    try:
        data = base64.b64decode(image, validate=True)
        header = inspect(data, JPEG)
    except (binascii.Error, Unfit):
        raise ProtocolError("bad_message", "A still is a JPEG in base64.") from None
    if max(header.width, header.height) > LONGEST_SIDE:
        raise ProtocolError("bad_message", "A still has at most 640 by 640 pixels.")
    return data
