"""Stands before ICE and DTLS: decides whose a datagram is, and drops what nobody proved to own.

An address belongs to a peer once a binding request signed with that peer's password came from it; nothing but such requests is
taken from anyone else, and no stranger ever gets an answer. An address that another peer owns changes hands only when it
answered a check of ours, so that a forged request cannot take a neighbour's address. Never parses beyond that.
"""

from typing import Protocol

from media.core import stun
from media.core.demux import Protocol as Wire
from media.core.demux import classify
from media.core.path import MAX_ADDRESSES, Address
from media.core.stun import StunClass, StunMessage

MAX_EXPECTED = 4096
"""Outstanding checks of the whole worker; the oldest are forgotten."""
# Looked up once: a member of an enumeration costs as much as a dictionary of one's own, for each datagram.
_STUN, _DTLS, _REQUEST, _INDICATION = Wire.STUN, Wire.DTLS, StunClass.REQUEST, StunClass.INDICATION


class Link(Protocol):
    """A peer's end as the guard sees it."""

    ufrag: str
    password: bytes

    def address_claimed(self, address: Address) -> None:
        """Packets from `address` are this peer's from now on."""

    def address_dropped(self, address: Address) -> None:
        """They are no longer."""

    def request_received(self, data: bytes, message: StunMessage, address: Address) -> None:
        """A genuine binding request."""

    def response_received(self, data: bytes, message: StunMessage, address: Address, at: float) -> None:
        """An answer to a transaction that the link expects, its integrity unchecked; it came at `at`."""

    def dtls_received(self, data: bytes, address: Address) -> None:
        """DTLS from an address of this peer."""


class Guard:
    """The tables of one worker's port."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self._owners: dict[Address, Link] = {}
        self._claims: dict[str, dict[Address, None]] = {}
        self._expected: dict[bytes, Link] = {}
        self.dropped = 0

    def add(self, link: Link) -> None:
        self._links[link.ufrag] = link
        self._claims[link.ufrag] = {}

    def remove(self, link: Link) -> None:
        """Forgets the link, its addresses and what it expects."""
        self._links.pop(link.ufrag, None)
        for address in self._claims.pop(link.ufrag, {}):
            del self._owners[address]
        self._expected = {transaction: owner for transaction, owner in self._expected.items() if owner is not link}

    def expect(self, transaction: bytes, link: Link) -> None:
        """Lets the answer to `transaction` pass to `link`."""
        while len(self._expected) >= MAX_EXPECTED:
            del self._expected[next(iter(self._expected))]
        self._expected[transaction] = link

    def forget(self, transaction: bytes) -> None:
        self._expected.pop(transaction, None)

    def validated(self, link: Link, address: Address) -> None:
        """`address` answered a check of `link` with its password: it is the link's, whoever had it."""
        if link.ufrag in self._links and self._owners.get(address) is not link:
            self._give(link, address)

    def heard(self, link: Link, address: Address) -> None:
        """A packet that only `link` can have made came from `address`: it is the link's unless somebody owns it."""
        if link.ufrag in self._links and address not in self._owners:
            self._give(link, address)

    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        """STUN and DTLS as the socket gave them, at `at` on the loop's clock."""
        kind = classify(data)
        link = self._owners.get(address) if kind is _DTLS else None
        if kind is _STUN:
            self._stun(data, address, at)
        elif link is not None:
            link.dtls_received(data, address)
        else:
            self.dropped += 1

    def _stun(self, data: bytes, address: Address, at: float) -> None:
        message = stun.read(data)
        if message is None:
            self.dropped += 1
            return
        if message.message_class is _REQUEST:
            self._request(data, message, address)
        elif message.message_class is not _INDICATION:  # RFC 8445, 11: a keepalive asks for nothing
            link = self._expected.get(message.transaction)
            if link is None:
                self.dropped += 1
            else:
                link.response_received(data, message, address, at)

    def _request(self, data: bytes, message: StunMessage, address: Address) -> None:
        fragment = stun.local_fragment(message)
        link = self._links.get(fragment) if fragment is not None else None
        if link is None or not stun.is_signed_with(data, message, link.password):
            self.dropped += 1
            return
        if address not in self._owners:
            self._give(link, address)
        elif self._owners[address] is link:
            claims = self._claims[link.ufrag]
            claims[address] = claims.pop(address)
        link.request_received(data, message, address)

    def _give(self, link: Link, address: Address) -> None:
        former = self._owners.get(address)
        if former is not None:
            self._take(former, address)
        claims = self._claims[link.ufrag]
        if len(claims) >= MAX_ADDRESSES:
            self._take(link, next(iter(claims)))
        claims[address] = None
        self._owners[address] = link
        link.address_claimed(address)

    def _take(self, link: Link, address: Address) -> None:
        del self._claims[link.ufrag][address]
        del self._owners[address]
        link.address_dropped(address)
