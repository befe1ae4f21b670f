"""Which addresses of ours may be announced to browsers, IPv4 and IPv6 alike.

It decides about our own addresses only. Those that a browser names are never used (docs/adr/0003): whatever they say, nothing is
sent there.
"""

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def announceable(text: str) -> IpAddress:
    """The address that `text` is. Raises ValueError with what is wrong with it, in words for whoever configures.

    Loopback, private and unique local ones are allowed: who names them wants them. A link-local one needs a zone, which no
    candidate carries (RFC 8839, 5.1); a mapped one is IPv4 in a coat, and belongs to the IPv4 rules of firewalls and of TURN.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address, not a name") from None
    if address.is_multicast or address.is_unspecified:
        raise ValueError("must be an address that a browser can send to")
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            raise ValueError("must be written as the IPv4 address that it is")
        if address.is_link_local or address.scope_id is not None:
            raise ValueError("cannot be a link-local IPv6 address: browsers do not know its zone")
    return address


def found_on_interfaces(texts: list[str]) -> list[str]:
    """Of the interfaces' addresses those worth announcing unasked: no loopback, no link-local; IPv4 before IPv6."""
    found = []
    for text in dict.fromkeys(texts):
        try:
            address = announceable(text)
        except ValueError:
            continue
        if not address.is_loopback and not address.is_link_local:
            found.append(address)
    return [str(address) for address in sorted(found, key=lambda address: address.version)]


def any_ipv6(hosts: tuple[str, ...]) -> bool:
    """Whether the port must hear IPv6: a socket that hears both pays a little more for each IPv4 packet."""
    return any(":" in host for host in hosts)
