"""How often one address may ask, counted by route. Decides what is too often; knows no person."""

from aiohttp import web

from common.clock import Clock
from common.errors import UserError
from signaling.limits import Limiter, Rate, address_key
from signaling.settings import Settings


class Admission:
    """One limit of one or several routes."""

    def __init__(self, settings: Settings, clock: Clock, rate: Rate) -> None:
        self._settings = settings
        self._clock = clock
        self._limiter = Limiter(rate)

    def admit(self, request: web.Request) -> None:
        """UserError: too_many_requests."""
        key = address_key(request.remote, request.headers.get("X-Forwarded-For"), self._settings.trusted_proxies)
        if not self._limiter.take(key, self._clock.now()):
            raise UserError("too_many_requests", "Too many requests from this address; try again in a minute.")
