"""A doctor invites patients over HTTP, and takes invitations back."""

from aiohttp import web

from clinic.hospitals import Practitioner, StaffRole
from common.errors import ProtocolError, UserError
from common.ids import ConsultationId, DepartmentId, is_id
from rooms.invitations import contact_of
from rooms.link import Invite, LinkGrant
from rooms.mailing import join_path
from signaling.http.cookies import read_cookie, staff_cookie
from signaling.http.security import read_body
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import Invitation, InvitationMade


class Invitations:
    """The desk's routes for invitations."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_post("/api/staff/invitations", self.invite)
        app.router.add_delete("/api/staff/invitations/{consultation}", self.cancel)
        app.router.add_post("/api/staff/invitations/{consultation}/link", self.renew)

    async def invite(self, request: web.Request) -> web.Response:
        """`POST` with `Invitation` → 201 `InvitationMade`; the link is mailed where there is an address."""
        doctor = await self._doctor(request)
        body = await read_body(request, Invitation)
        department = DepartmentId(body.department)
        if department not in doctor.departments:
            raise UserError("forbidden", "This doctor does not belong to that department.")
        order = Invite(
            hospital=doctor.hospital,
            department=department,
            practitioner=doctor.id,
            name=body.name,
            birth_year=body.birth_year,
            reason=body.reason,
            language=body.language,
            contact=contact_of(body.email),
            starts_at=body.starts_at,
        )
        which, grant, effects = await self._services.rooms.entrance.invite(order)
        self._services.carry_out(effects)
        return _made(which, grant, mailed=order.contact is not None)

    async def cancel(self, request: web.Request) -> web.Response:
        """`DELETE` → 204; 409 `invitation_gone` when the patient has come or it is not this doctor's."""
        doctor = await self._doctor(request)
        effects = await self._services.rooms.entrance.cancel_invitation(doctor.id, _consultation(request))
        self._services.carry_out(effects)
        return web.Response(status=204)

    async def renew(self, request: web.Request) -> web.Response:
        """`POST` → 201 `InvitationMade`: a new link, the one before opens nothing; 409 `invitation_gone` as above."""
        doctor = await self._doctor(request)
        which = _consultation(request)
        grant, mailed, effects = await self._services.rooms.entrance.renew_invitation(doctor.id, which)
        self._services.carry_out(effects)
        return _made(which, grant, mailed=mailed)

    async def _doctor(self, request: web.Request) -> Practitioner:
        token = read_cookie(request.cookies, staff_cookie(self._settings))
        staff = await self._services.clinic.staff_by_token(token) if token else None
        if staff is None:
            raise UserError("not_signed_in", "Sign in first.")
        person = (await self._services.names.directory()).practitioners[staff.practitioner]
        if person.role is not StaffRole.PRACTITIONER:
            raise UserError("forbidden", "Only a doctor invites patients.")
        return person


def _consultation(request: web.Request) -> ConsultationId:
    which = request.match_info["consultation"]
    if not is_id(which):
        raise ProtocolError("bad_body", "consultation: not an id")
    return ConsultationId(which)


def _made(which: ConsultationId, grant: LinkGrant, *, mailed: bool) -> web.Response:
    made = InvitationMade(consultation=which, path=join_path(grant.token), expires_at=grant.expires_at, mailed=mailed)
    return web.json_response(made.model_dump(mode="json"), status=201)
