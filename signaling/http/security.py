"""What every HTTP answer and every unsafe request must satisfy. Closed by default: a route cannot opt out.

Decides headers, same-origin proof and the form of errors; knows no route and no person.
"""

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import ValidationError

from common.errors import ConsiliumError, ProtocolError, Unavailable, UserError
from common.wire import Wire
from signaling.metrics import Metrics
from signaling.settings import Settings
from signaling.socket.messages import ErrorReply

T = TypeVar("T", bound=Wire)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0  # 64 KiB at 52 kbit/s
CODE = web.ResponseKey("code", str)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-Consilium"
"""Any value will do: a page of another origin cannot send it without a preflight, which we never answer."""

_STATUS = {
    "not_signed_in": 401,
    "sign_in_failed": 401,
    "code_wrong": 401,
    "too_many_attempts": 429,
    "forbidden": 403,
    "cross_origin": 403,
    "not_found": 404,
    "not_allowed": 403,
    "seat_unknown": 403,
    "timeline_closed": 403,
    "timeline_full": 403,
    "too_many_pictures": 403,
    "picture_key_taken": 403,
    "picture_unknown": 404,
    "picture_too_large": 413,
    "picture_type": 415,
    "picture_dimensions": 422,
    "picture_broken": 422,
    "play_over": 403,
    "recording_destroyed": 410,
    "too_many_requests": 429,
    "too_slow": 408,
}


def response_headers(settings: Settings) -> dict[str, str]:
    """Headers of every answer: nothing may be framed, sniffed, embedded or fetched from elsewhere."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "media-src": "'self' blob:",
        "connect-src": "'self'" + (f" wss://{_host(settings.public_url)}" if settings.public_url else ""),
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _host(url: str) -> str:
    """The host of our own URL: Safari before 15.4 does not take 'self' for a WebSocket's."""
    return urlsplit(url).netloc


def same_origin(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Whether a request with an Origin comes from our own pages; one without Origin is not a browser's cross-site one."""
    origin = headers.get("Origin")
    if origin is None:
        return True
    if settings.public_url is not None:
        return origin == settings.public_url
    return origin == f"{'https' if settings.secure else 'http'}://{headers.get('Host')}"


def error_response(error: ConsiliumError) -> web.Response:
    """An error as JSON with its stable code."""
    default = 503 if isinstance(error, Unavailable) else 409 if isinstance(error, UserError) else 400
    reply = ErrorReply(code=error.code, message=error.sentence)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}
    return refusal(reply, _STATUS.get(error.code, default), headers)


def refusal(reply: ErrorReply, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error's answer; whoever counts finds its code in it."""
    response = web.json_response(reply.model_dump(), status=status, headers=headers)
    response[CODE] = reply.code
    return response


def counting(metrics: Metrics) -> Middleware:
    """Counts every answer by route and status, and refusals by code. Goes around everything else."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        method = request.method if request.method in _METHODS else "other"  # anybody may invent one: labels are bounded
        route = resource.canonical if resource is not None else "none"  # the pattern: a path may name a seat
        metrics.requests.labels(method, route, str(response.status)).inc()
        if (code := response.get(CODE)) is not None:
            metrics.refusals.labels(code).inc()
        return response

    return middleware


def security_middleware(settings: Settings) -> Middleware:
    """The one middleware: same-origin proof before, typed errors around, headers after."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS and not (same_origin(settings, request.headers) and CSRF_HEADER in request.headers):
            return error_response(UserError("cross_origin", f"Unsafe requests need {CSRF_HEADER} and our own origin."))
        try:
            if request.method == "OPTIONS":
                raise web.HTTPMethodNotAllowed("OPTIONS", [])  # a preflight; also the Socket.IO library would answer it
            response = await handler(request)
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else None  # the pattern: a path may name a seat
            log.debug("request", method=request.method, route=route, status=response.status)
            return response
        except ConsiliumError as error:
            return error_response(error)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status, "bad_request")
            reply = ErrorReply(code=code, message="The request cannot be answered.")
            return refusal(reply, error.status)
        except Exception:
            fault = secrets.token_hex(4)
            log.exception("request failed", fault=fault, method=request.method)
            reply = ErrorReply(code="fault", message=f"Something broke here; it is logged as {fault}.")
            return refusal(reply, 500)

    return middleware


def set_headers_on(app: web.Application, settings: Settings) -> None:
    """Put the headers on every response of the application, also on those that no handler made."""
    headers = response_headers(settings)

    async def on_prepare(_request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Server"] = "consilium"

    app.on_response_prepare.append(on_prepare)


async def read_body(request: web.Request, model: type[T]) -> T:
    """Parse and validate a JSON body.

    Raises:
        ProtocolError: `bad_body`, naming the first field that is wrong, never its value; `too_slow`.
    """
    if request.content_type != "application/json":
        raise ProtocolError("bad_body", "The body must be application/json.")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            raw = await request.read()
    except TimeoutError:
        raise ProtocolError("too_slow", "The body did not arrive in time.") from None
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise ProtocolError("bad_body", describe(error)) from None


def describe(error: ValidationError) -> str:
    """Which field is wrong and why, without the value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{where[:80]}: {first['msg']}"[:300]
