"""What a patient's browser asks over HTTP: which hospitals, a place in line, a link exchanged for a seat."""

from aiohttp import web

from common.clock import Clock
from common.errors import UserError
from common.ids import DepartmentId, HospitalId
from rooms.model import SeatGrant
from rooms.ports import WalkIn as WalkInOrder
from signaling import views
from signaling.http.cookies import SEAT_MAX_AGE_S, clear_cookie, seat_cookie, set_cookie, staff_cookie
from signaling.http.security import read_body
from signaling.limits import Limiter, Rate, address_key
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import JoinToken, SeatGranted, WalkIn

WALK_IN_RATE = Rate(per_s=0.5, burst=60)  # one address may be a whole ward behind one router
SEATS_HELD = 8
JOIN_RATE = Rate(per_s=0.5, burst=30)


class Public:
    """The patient's routes."""

    def __init__(self, settings: Settings, services: Services, clock: Clock) -> None:
        self._settings = settings
        self._services = services
        self._clock = clock
        self._walk_ins = Limiter(WALK_IN_RATE)
        self._joins = Limiter(JOIN_RATE)

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/api/hospitals", self.hospitals)
        app.router.add_post("/api/walk-ins", self.walk_in)
        app.router.add_post("/api/join", self.join)

    async def hospitals(self, _request: web.Request) -> web.Response:
        """`GET /api/hospitals` → `HospitalList`; the same for everybody, so it may be kept a few seconds."""
        directory = await self._services.names.directory()
        loads = await views.all_loads(self._services.rooms, directory)
        listed = views.hospital_list(directory, loads)
        return web.json_response(listed.model_dump(mode="json"), headers={"Cache-Control": "public, max-age=5"})

    async def walk_in(self, request: web.Request) -> web.Response:
        """`POST /api/walk-ins` with `WalkIn` → 201 `SeatGranted` and the seat's cookie."""
        self._admit(self._walk_ins, request)
        body = await read_body(request, WalkIn)
        directory = await self._services.names.directory()
        department = directory.departments.get(DepartmentId(body.department))
        if department is None or department.hospital != body.hospital:
            raise UserError("unknown_department", "There is no such department in that hospital.")
        grant, effects = await self._services.rooms.walk_in(
            WalkInOrder(
                hospital=HospitalId(body.hospital),
                department=department.id,
                name=body.name,
                birth_year=body.birth_year,
                reason=body.reason,
                language=body.language,
            )
        )
        self._services.carry_out(effects)
        return self._granted(request, grant)

    async def join(self, request: web.Request) -> web.Response:
        """`POST /api/join` with `JoinToken` → 201 `SeatGranted` and the seat's cookie; a token opens one seat, once."""
        self._admit(self._joins, request)
        body = await read_body(request, JoinToken)
        grant, effects = await self._services.rooms.exchange_link(body.token, body.name or "")
        self._services.carry_out(effects)
        return self._granted(request, grant)

    def _admit(self, limiter: Limiter, request: web.Request) -> None:
        key = address_key(request.remote, request.headers.get("X-Forwarded-For"), self._settings.trusted_proxies)
        if not limiter.take(key, self._clock.now()):
            raise UserError("too_many_requests", "Too many requests from this address; try again in a minute.")

    def _granted(self, request: web.Request, grant: SeatGrant) -> web.Response:
        reply = SeatGranted(seat=grant.seat, page=f"/visit/{grant.seat}")
        response = web.json_response(reply.model_dump(), status=201)
        prefix = seat_cookie(self._settings, "")
        held = [name for name in request.cookies if name.startswith(prefix) and name != staff_cookie(self._settings)]
        for name in held[:-SEATS_HELD]:  # browsers send the oldest first; a shared tablet must not outgrow a request's header
            clear_cookie(self._settings, response, name)
        set_cookie(self._settings, response, seat_cookie(self._settings, grant.seat), grant.token, SEAT_MAX_AGE_S)
        return response
