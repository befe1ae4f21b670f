"""Our own host candidates. The browser's are never used: its checks tell where it is (RFC 8445, 7.3.1.3)."""

import socket

from aioice.ice import get_host_addresses

from common.errors import UserError
from media.core.addresses import announceable, found_on_interfaces
from media.core.path import Address

LOOPBACK = "127.0.0.1"
MAX_ADDRESSES = 8


def local_addresses(configured: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Addresses to offer: those configured, or those of the interfaces; loopback last, so two tabs of one machine meet.

    Raises `UserError` ("media_address") for a configured one that cannot be announced.
    """
    if configured:
        return tuple(dict.fromkeys(_checked(address) for address in configured))[:MAX_ADDRESSES]
    found = found_on_interfaces(get_host_addresses(use_ipv4=True, use_ipv6=socket.has_ipv6))
    return (*found[: MAX_ADDRESSES - 1], LOOPBACK)


def candidate_lines(addresses: tuple[Address, ...]) -> list[str]:
    """SDP attributes of host candidates (RFC 8839, 5.1), the first preferred."""
    lines = []
    for index, (host, port) in enumerate(addresses):
        # RFC 8445, 5.1.2.1: type preference 126 for host, component 1.
        priority = (126 << 24) + ((65535 - index) << 8) + 255
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {host} {port} typ host")
    return lines


def _checked(text: str) -> str:
    try:
        return str(announceable(text))
    except ValueError as wrong:
        raise UserError("media_address", f"a media address {wrong}") from None
