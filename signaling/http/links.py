"""Links over HTTP: looked at, exchanged for a seat, and sent again to the address on file."""

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import web

from common.clock import Clock
from common.errors import Unavailable
from common.ids import ConsultationId, HospitalId
from rooms.invitations import contact_of
from rooms.link import Joiner
from signaling import views
from signaling.http.admission import Admission
from signaling.http.cookies import grant_seat
from signaling.http.security import read_body
from signaling.limits import Limiter, Rate
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import JoinLook, JoinToken, LinkReissue

log = structlog.get_logger()

JOIN_RATE = Rate(per_s=0.5, burst=30)
REISSUE_RATE = Rate(per_s=0.05, burst=10)
REISSUE_RATE_OF_A_CONTACT = Rate(per_s=1 / 600, burst=3)  # nobody's mailbox is filled by somebody else


class Links:
    """The routes of links."""

    def __init__(self, settings: Settings, services: Services, clock: Clock) -> None:
        self._settings = settings
        self._services = services
        self._clock = clock
        self._joins = Admission(settings, clock, JOIN_RATE)
        self._reissues = Admission(settings, clock, REISSUE_RATE)
        self._contacts = Limiter(REISSUE_RATE_OF_A_CONTACT)
        self._sending: set[asyncio.Task[None]] = set()  # bounded by the rates and by how long a turn may wait

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_post("/api/join/look", self.look)
        app.router.add_post("/api/join", self.join)
        app.router.add_post("/api/links", self.reissue)

    async def look(self, request: web.Request) -> web.Response:
        """`POST /api/join/look` with `JoinLook` → 200 `LinkCard`; the link stays as good as it was."""
        self._joins.admit(request)
        body = await read_body(request, JoinLook)
        look = await self._services.rooms.entrance.look(body.token)
        card = views.link_card(look, await self._services.names.directory())
        return web.json_response(card.model_dump(mode="json"))

    async def join(self, request: web.Request) -> web.Response:
        """`POST /api/join` with `JoinToken` → 201 `SeatGranted` and the seat's new cookie; a token opens one seat, once."""
        self._joins.admit(request)
        body = await read_body(request, JoinToken)
        grant, effects = await self._services.rooms.entrance.exchange(body.token, Joiner(body.name, body.replace))
        self._services.carry_out(effects)
        return grant_seat(self._settings, request, grant)

    async def reissue(self, request: web.Request) -> web.Response:
        """`POST /api/links` with `LinkReissue` → 202 in any case, after the same time."""
        self._reissues.admit(request)
        body = await read_body(request, LinkReissue)
        contact = contact_of(body.email)
        if contact is not None and self._contacts.take(contact, self._clock.now()):
            found = await self._services.rooms.entrance.of_contact(contact)  # takes as long whether there are any or not
            sending = asyncio.create_task(self._send(found))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        return web.Response(status=202)

    async def stop(self) -> None:
        """Let go what is being sent: whoever waits for it asks again."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, found: Sequence[tuple[HospitalId, ConsultationId]]) -> None:
        """Beside the answer: how long it takes would tell that there is something to send."""
        try:
            self._services.carry_out(await self._services.rooms.entrance.reissue(found))
        except Unavailable as error:
            log.warning("links not sent again", code=error.code)
        except Exception:
            log.exception("links not sent again")
