"""A NAT between a peer and the relay: it may change its outer port, lose everything, or show what passes."""

import asyncio
import socket

LOOPBACK = "127.0.0.1"


class Nat:
    """Forwards datagrams between whoever sends to `inner` and `target`; `outer` is what the target sees."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._inside: tuple[str, int] | None = None
        self._inner_socket = self._open(self._from_inside)
        self._outer_socket = self._open(self._from_outside)
        self.cut_upwards = False
        self.captured: list[bytes] = []
        """What went from the peer to the relay, when `capturing`."""
        self.capturing = False
        self.delivered = 0
        """Datagrams from the relay to the peer."""

    @property
    def inner(self) -> tuple[str, int]:
        return self._inner_socket.getsockname()  # type: ignore[no-any-return]

    @property
    def outer(self) -> tuple[str, int]:
        return self._outer_socket.getsockname()  # type: ignore[no-any-return]

    def rebind(self) -> None:
        """Takes another outer port; the old one is dead from now on."""
        self._shut(self._outer_socket)
        self._outer_socket = self._open(self._from_outside)

    def inject(self, data: bytes) -> None:
        """Sends to the relay from the peer's own outer address."""
        self._outer_socket.sendto(data, self._target)

    def close(self) -> None:
        self._shut(self._inner_socket)
        self._shut(self._outer_socket)

    def _open(self, readable: object) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind((LOOPBACK, 0))
        self._loop.add_reader(opened.fileno(), readable)  # type: ignore[arg-type]
        return opened

    def _shut(self, opened: socket.socket) -> None:
        self._loop.remove_reader(opened.fileno())
        opened.close()

    def _from_inside(self) -> None:
        data, self._inside = self._inner_socket.recvfrom(4096)
        if self.capturing:
            self.captured.append(data)
        if not self.cut_upwards:
            self._outer_socket.sendto(data, self._target)

    def _from_outside(self) -> None:
        data, _ = self._outer_socket.recvfrom(4096)
        self.delivered += 1
        if self._inside is not None:
            self._inner_socket.sendto(data, self._inside)
