"""One browser's connection, from the first check to the last: tells the plane its keys and addresses, and its owner its state.

It decides nothing about media. It ends by itself when the path fails or the browser says goodbye.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from media.core.path import Address, Path, PathState
from media.core.stun import StunMessage
from media.plane.interface import Plane
from media.rtc.answer import LocalTransport
from media.rtc.guard import Guard
from media.rtc.offer import Credentials
from media.rtc.rounds import Rounds
from media.rtc.seam import Certificate, IceSeam, Outside, SendDatagram

CONNECT_TIMEOUT_S = 30.0
HANDSHAKE_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 2.0
CHECKS = 8
"""Sent by the plane in turn, which sees queues by them; one is signed in a tenth of a millisecond."""


class PeerStatus(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    FAILED = "failed"
    CLOSED = "closed"


_CONNECTED, _STANDS, _FAILED = PeerStatus.CONNECTED, PathState.CONNECTED, PathState.FAILED


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the peers of a worker share."""

    plane: Plane
    guard: Guard
    certificate: Certificate
    addresses: tuple[Address, ...]
    send: SendDatagram
    rounds: Rounds


class RelayPeer:
    """`number` is the peer's in the plane, where it must have been added; `changed` is told every new status once."""

    def __init__(self, endpoint: Endpoint, number: int, credentials: Credentials, changed: Callable[[PeerStatus], None]) -> None:
        self._endpoint = endpoint
        self.number = number
        self._changed = changed
        self._status = PeerStatus.CONNECTING
        self._path: Path | None = None
        self.look_at = 0.0
        self._heard_at = 0.0
        self._ended: asyncio.Future[PeerStatus] = asyncio.get_running_loop().create_future()
        self._seam = IceSeam(
            credentials,
            endpoint.certificate,
            endpoint.addresses[0],
            Outside(
                send=endpoint.send,
                expect=lambda transaction: endpoint.guard.expect(transaction, self),
                forget=endpoint.guard.forget,
                answered=self._answered,
            ),
        )
        self.ufrag = self._seam.ufrag
        self.password = self._seam.password.encode()
        endpoint.guard.add(self)

    @property
    def transport(self) -> LocalTransport:
        """Our end, for the answer."""
        return LocalTransport(
            self._seam.ufrag, self._seam.password, self._endpoint.certificate.fingerprint, self._endpoint.addresses
        )

    async def run(self) -> None:
        """Lives as long as the connection; cancelling it closes the connection. Ends in `failed` or `closed`."""
        last = PeerStatus.CLOSED
        try:
            self._changed(PeerStatus.CONNECTING)
            last = await self._live()
        finally:
            await self._close()
            self._become(last)

    async def discard(self) -> None:
        """Instead of `run`, when the offer was refused after all."""
        await self._close()

    async def _live(self) -> PeerStatus:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                address = await self._seam.connect()
            if address is None:
                return PeerStatus.FAILED
            self._use(Path(address, self._now()), address)
            self._seam.on_dtls_closed(lambda: self._end(PeerStatus.CLOSED))
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                keys = await self._seam.handshake()
        except TimeoutError:
            return PeerStatus.FAILED
        if keys is None:
            return PeerStatus.FAILED
        self._endpoint.plane.peer_keys_set(self.number, keys)
        for check in self._seam.checks(CHECKS):
            self._endpoint.plane.peer_check_add(self.number, check)
        self._become(PeerStatus.CONNECTED)
        return await self._watch()

    async def _watch(self) -> PeerStatus:
        """Until the path ends."""
        self._endpoint.rounds.add(self.number, self)
        try:
            return await self._ended
        finally:
            self._endpoint.rounds.remove(self.number)

    def looked_at(self, now: float) -> None:
        """One of the worker's rounds."""
        if self._ended.done():
            return
        try:
            last = self._look(now)
        except Exception as fault:  # whatever broke ends this peer and is its owner's to report
            self._end(fault)
            return
        if last is not None:
            self._end(last)
        elif self._path is not None:
            self.look_at = self._path.look_again_at(now)

    def _look(self, now: float) -> PeerStatus | None:
        """Brings the status up to date; the last one, when the path has failed."""
        path = self._path
        if path is None:
            return PeerStatus.CLOSED
        self._hear(path)
        state = path.state(now)
        if state is _FAILED:
            return PeerStatus.FAILED
        self._become(_CONNECTED if state is _STANDS else PeerStatus.DISCONNECTED)
        if path.probe_due(now):
            self._seam.probe(path.address, now)
        if path.elsewhere is not None:
            self._seam.probe(path.elsewhere, now)
        return None

    def _hear(self, path: Path) -> None:
        """Tells the path of media that came since it was last told."""
        plane = self._endpoint.plane
        heard_at = plane.peer_heard_at(self.number)
        if heard_at > self._heard_at:
            self._heard_at = heard_at
            path.received(heard_at, plane.peer_heard_from(self.number))

    def _end(self, last: PeerStatus | Exception) -> None:
        if self._ended.done():
            return
        if isinstance(last, PeerStatus):
            self._ended.set_result(last)
        else:
            self._ended.set_exception(last)

    async def _close(self) -> None:
        """Once begun it is done whole, whoever cancels meanwhile: half closed, ICE keeps a task that waits for ever."""
        self._endpoint.plane.peer_remove(self.number)
        loop = asyncio.get_running_loop()
        closing, until = loop.create_task(self._seam.close()), loop.time() + CLOSE_TIMEOUT_S
        while not closing.done() and loop.time() < until:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({closing}, timeout=until - loop.time())
        self._endpoint.guard.remove(self)
        if not closing.cancel() and not closing.cancelled():
            closing.result()

    def moved(self, address: Address) -> None:
        """Media of this peer came from an address that nobody owns: a check of ours tells whether the peer is there.

        A captured packet sent again from elsewhere ends here too: it is refused as a replay, or its sender cannot answer.
        """
        self._endpoint.guard.heard(self, address)
        if self._path is not None:
            now = self._now()
            self._path.moved(address, now)
            self._seam.probe(address, now)

    # --- what the guard hands over ---

    def address_claimed(self, address: Address) -> None:
        self._endpoint.plane.peer_address_add(self.number, address)

    def address_dropped(self, address: Address) -> None:
        self._endpoint.plane.peer_address_remove(self.number, address)

    def request_received(self, data: bytes, message: StunMessage, address: Address) -> None:
        if self._path is None:
            self._seam.check_received(data, address)
            return
        self._seam.answer(message, address)
        now = self._now()
        if self._path.checked(address, message.nominates, now):
            self._use(self._path, self._path.address)
        elif self._path.wants_probe(address, now):
            self._seam.probe(address, now)
        self.look_at = self._path.look_after_word(self.look_at, now)

    def response_received(self, data: bytes, message: StunMessage, address: Address, at: float) -> None:
        trip_s = self._seam.response_received(data, message, address, at)
        if trip_s is not None:
            self._answered(address, trip_s)

    def dtls_received(self, data: bytes, address: Address) -> None:
        self._seam.dtls_received(data)

    # --- the path ---

    def _answered(self, address: Address, trip_s: float) -> None:
        self._endpoint.guard.validated(self, address)
        plane = self._endpoint.plane
        if self._path is None:
            plane.peer_answered(self.number, trip_s)
            return
        self._hear(self._path)
        now = self._now()
        if self._path.answered(address, now):
            self._use(self._path, self._path.address)
        self.look_at = self._path.look_after_word(self.look_at, now)
        if address == self._path.address:
            plane.peer_answered(self.number, trip_s)

    def _use(self, path: Path, address: Address) -> None:
        self._path = path
        self._seam.address = address
        self._endpoint.plane.peer_address_set(self.number, address)

    def _become(self, status: PeerStatus) -> None:
        if status is not self._status:
            self._status = status
            self._changed(status)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
