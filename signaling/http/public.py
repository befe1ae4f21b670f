"""What a patient's browser asks over HTTP: which hospitals, and a place in line."""

from aiohttp import web

from common.clock import Clock
from common.errors import UserError
from common.ids import DepartmentId, HospitalId
from rooms.invitations import contact_of
from rooms.ports import WalkIn as WalkInOrder
from signaling import views
from signaling.http.admission import Admission
from signaling.http.cookies import grant_seat
from signaling.http.security import read_body
from signaling.limits import Rate
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import WalkIn

WALK_IN_RATE = Rate(per_s=0.5, burst=60)  # one address may be a whole ward behind one router


class Public:
    """The patient's routes."""

    def __init__(self, settings: Settings, services: Services, clock: Clock) -> None:
        self._settings = settings
        self._services = services
        self._walk_ins = Admission(settings, clock, WALK_IN_RATE)

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/api/hospitals", self.hospitals)
        app.router.add_post("/api/walk-ins", self.walk_in)

    async def hospitals(self, _request: web.Request) -> web.Response:
        """`GET /api/hospitals` → `HospitalList`; the same for everybody, so it may be kept a few seconds."""
        directory = await self._services.names.directory()
        loads = await views.all_loads(self._services.rooms, directory)
        listed = views.hospital_list(directory, loads)
        return web.json_response(listed.model_dump(mode="json"), headers={"Cache-Control": "public, max-age=5"})

    async def walk_in(self, request: web.Request) -> web.Response:
        """`POST /api/walk-ins` with `WalkIn` → 201 `SeatGranted` and the seat's cookie."""
        self._walk_ins.admit(request)
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
                contact=contact_of(body.email),
            )
        )
        self._services.carry_out(effects)
        return grant_seat(self._settings, request, grant)
