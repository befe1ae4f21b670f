"""Signing in and out of the desk."""

from aiohttp import web

from clinic.people import Credentials, FactorStep, StaffIdentity
from common.errors import UserError
from signaling import views
from signaling.http.cookies import STAFF_MAX_AGE_S, clear_cookie, read_cookie, set_cookie, staff_cookie
from signaling.http.security import read_body
from signaling.limits import address_key
from signaling.settings import Settings
from signaling.socket.gateway import Gateway
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import SignIn, SignInStep


class Staff:
    """The desk's routes."""

    def __init__(self, settings: Settings, services: Services, gateway: Gateway) -> None:
        self._settings = settings
        self._services = services
        self._gateway = gateway

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/api/staff/session", self.session)
        app.router.add_post("/api/staff/session", self.sign_in)
        app.router.add_delete("/api/staff/session", self.sign_out)

    async def session(self, request: web.Request) -> web.Response:
        """`GET` → 200 `StaffSession`, or 401 `not_signed_in`."""
        token = read_cookie(request.cookies, staff_cookie(self._settings))
        staff = await self._services.clinic.staff_by_token(token) if token else None
        if staff is None:
            raise UserError("not_signed_in", "Nobody is signed in here.")
        return await self._reply(staff, 200)

    async def sign_in(self, request: web.Request) -> web.Response:
        """`POST` with `SignIn` → 200 `SignInStep` while the code is missing; 201 `StaffSession` and a new cookie, whatever
        cookie came (its session ends); 401 `sign_in_failed` or `code_wrong`."""
        body = await read_body(request, SignIn)
        address = address_key(request.remote, request.headers.get("X-Forwarded-For"), self._settings.trusted_proxies)
        answer = await self._services.clinic.sign_in(Credentials(body.staff_number, body.password, body.code), address)
        outcome = answer.next if isinstance(answer, FactorStep) else "signed_in"
        self._services.metrics.sign_ins.labels(outcome).inc()
        if isinstance(answer, FactorStep):
            step = SignInStep(next=answer.next, secret=answer.secret, uri=answer.uri)
            return web.json_response(step.model_dump(mode="json"))
        former = read_cookie(request.cookies, staff_cookie(self._settings))
        if former is not None:
            await self._services.clinic.sign_out(former)
        response = await self._reply(StaffIdentity(answer.practitioner, answer.hospital, answer.expires_at), 201)
        set_cookie(self._settings, response, staff_cookie(self._settings), answer.token, STAFF_MAX_AGE_S)
        return response

    async def sign_out(self, request: web.Request) -> web.Response:
        """`DELETE` → 204; the session is dead at once and its desk is closed."""
        token = read_cookie(request.cookies, staff_cookie(self._settings))
        if token is not None:
            staff = await self._services.clinic.staff_by_token(token)
            await self._services.clinic.sign_out(token)
            if staff is not None:
                await self._gateway.sign_out(staff.practitioner)
        response = web.Response(status=204)
        clear_cookie(self._settings, response, staff_cookie(self._settings))
        return response

    async def _reply(self, staff: StaffIdentity, status: int) -> web.Response:
        directory = await self._services.names.directory()
        loads = await self._services.rooms.loads(staff.hospital)
        session = views.staff_session(directory, staff.practitioner, loads)
        return web.json_response(session.model_dump(mode="json"), status=status)
