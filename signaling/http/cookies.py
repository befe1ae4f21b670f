"""Names and attributes of our cookies: one for the staff desk, one for each seat, so that tabs of one browser do not meet."""

from collections.abc import Mapping

from aiohttp import web

from rooms.model import SeatGrant
from signaling.settings import Settings
from signaling.socket.messages import SeatGranted

STAFF_MAX_AGE_S = 12 * 3600
SEAT_MAX_AGE_S = 48 * 3600  # as rooms.access.SESSION_S
SEATS_HELD = 8


def staff_cookie(settings: Settings) -> str:
    """Name of the desk's cookie; the prefix binds it to this host where HTTPS allows it (RFC 6265bis, 4.1.3.2)."""
    return "__Host-consilium-staff" if settings.secure else "consilium-staff"


def seat_cookie(settings: Settings, seat: str) -> str:
    """Name of one seat's cookie. The seat's id is no secret; the value is."""
    return f"__Host-consilium-{seat}" if settings.secure else f"consilium-{seat}"


def set_cookie(settings: Settings, response: web.StreamResponse, name: str, value: str, max_age_s: int) -> None:
    """Set a session cookie that scripts cannot read and other sites cannot send."""
    response.set_cookie(name, value, max_age=max_age_s, path="/", httponly=True, secure=settings.secure, samesite="Strict")


def clear_cookie(settings: Settings, response: web.StreamResponse, name: str) -> None:
    """Forget a session cookie."""
    response.del_cookie(name, path="/", httponly=True, secure=settings.secure, samesite="Strict")


def read_cookie(cookies: Mapping[str, str], name: str) -> str | None:
    """The cookie's value when it has the form of a token made here (43 characters of base64url)."""
    value = cookies.get(name)
    return value if value is not None and len(value) == 43 else None


def grant_seat(settings: Settings, request: web.Request, grant: SeatGrant) -> web.Response:
    """201 `SeatGranted` with the seat's new cookie: whatever cookie came before holds the seat no more."""
    reply = SeatGranted(seat=grant.seat, page=f"/visit/{grant.seat}")
    response = web.json_response(reply.model_dump(), status=201)
    prefix = seat_cookie(settings, "")
    held = [name for name in request.cookies if name.startswith(prefix) and name != staff_cookie(settings)]
    for name in held[:-SEATS_HELD]:  # browsers send the oldest first; a shared tablet must not outgrow a request's header
        clear_cookie(settings, response, name)
    set_cookie(settings, response, seat_cookie(settings, grant.seat), grant.token, SEAT_MAX_AGE_S)
    return response
