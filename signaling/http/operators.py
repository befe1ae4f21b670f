"""Who may see how the installation stands: somebody with the operator's token, or this machine itself where none is set.

Decides by the peer and the request's head alone; knows no figure. Closed by default: what came through a proxy is the internet,
whatever it says of itself.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from common.errors import UserError
from signaling.settings import Settings

_SCHEME = "Bearer "
_PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
"""What proxies write. That one is there closes; none can be left out by whoever asks, since the proxy adds its own."""


class Operators:
    """The rule of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.metrics_token.get_secret_value() if settings.metrics_token is not None else None

    def admits(self, request: web.Request) -> bool:
        """Whether whoever asks is an operator."""
        if self._token is not None:
            return has_token(request.headers, self._token)
        return is_from_here(request.remote, request.headers)

    def admit(self, request: web.Request) -> None:
        """UserError: forbidden."""
        if not self.admits(request):
            raise UserError("forbidden", "Figures are for this machine, or for whoever bears CONSILIUM_METRICS_TOKEN.")


def has_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether the request bears the token (RFC 6750, 2.1)."""
    given = headers.get("Authorization", "")
    return given.startswith(_SCHEME) and hmac.compare_digest(
        given.removeprefix(_SCHEME).encode(errors="surrogateescape"), token.encode()
    )


def is_from_here(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether this machine asks for itself: from a loopback address, by a loopback name, past no proxy.

    The name is asked for too: a proxy without any of its headers passes on the one that the browser gave, and a page that has
    its own name resolved to 127.0.0.1 gives that.
    """
    name = _name(headers.get("Host", ""))
    return _is_loopback(peer) and (name == "localhost" or _is_loopback(name)) and not any(each in headers for each in _PASSED_ON)


def _name(host: str) -> str | None:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname if "@" not in host else None
    except ValueError:  # half a bracket
        return None


def _is_loopback(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
