"""A patient and a doctor without a browser: they speak the protocol of docs/PROTOCOL.md and nothing else.

For tests of many people at once. Each keeps the last state it was sent and comes back by itself when its connection is lost.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import socketio

CSRF = {"X-Consilium": "1"}
_ACK_TIMEOUT_S = 10.0
_RETRY_S = 0.2


class Speaker:
    """One connection to signaling, kept up until `leave`."""

    def __init__(self, auth: dict[str, Any], cookie: str, bases: list[str]) -> None:
        """`bases` are the processes that may be asked, the preferred one first."""
        self._auth = auth
        self._cookie = cookie
        self._bases = bases
        self.client = socketio.AsyncClient(reconnection=False, logger=False, engineio_logger=False)
        self.states: dict[str, dict[str, Any]] = {}
        self.heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._leaving = False
        self.connections = 0
        self.on_state: Callable[[str, dict[str, Any]], Awaitable[None]] | None = None
        for name in ("seat_state", "desk_state"):
            self.client.on(name, self._hear(name))

    async def come(self) -> None:
        """Connect and stay."""
        self._task = asyncio.create_task(self._stay())

    async def leave(self) -> None:
        """Go for good."""
        self._leaving = True
        if self._task is not None:
            self._task.cancel()  # engineio may take this for the end of its own reading and go on: hence the flag
            await asyncio.wait([self._task], timeout=_ACK_TIMEOUT_S)
        # Its reading task went with ours, or reads from a server that has cut it and never answers the farewell.
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(_ACK_TIMEOUT_S):
                await self.client.disconnect()
        if self.client.eio.http is not None:
            await self.client.eio.http.close()  # engineio leaves its session open

    async def ask(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return its acknowledgement."""
        answer: dict[str, Any] = await self.client.call(name, body, timeout=_ACK_TIMEOUT_S)
        return answer

    async def confirm(self, seat: str, right: bool = True) -> None:
        """Say that the name card is right: without both sides' word no media flow."""
        answer = await self.ask("seat_confirm", {"seat": seat, "right": right})
        if not answer["ok"]:
            raise AssertionError(f"card not confirmed: {answer}")

    async def _stay(self) -> None:
        turn = 0
        while not self._leaving:
            base = self._bases[turn % len(self._bases)]
            try:
                await self.client.connect(
                    base, headers={"Cookie": self._cookie}, auth=self._auth, transports=["websocket"], wait_timeout=10
                )
                self.connections += 1
                await self.client.wait()
            except (socketio.exceptions.ConnectionError, aiohttp.ClientError, OSError, TimeoutError):
                turn += 1
            with contextlib.suppress(Exception):
                await self.client.disconnect()
            await asyncio.sleep(_RETRY_S)

    def _hear(self, name: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def handler(body: dict[str, Any]) -> None:
            last = self.states.get(name)
            of_same = last is not None and (name != "seat_state" or last["seat"] == body["seat"])
            if last is not None and of_same and body["revision"] < last["revision"]:
                return
            self.states[name] = body
            self.heard.set()
            if self.on_state is not None:
                await self.on_state(name, body)

        return handler


async def walk_in(
    session: aiohttp.ClientSession, base: str, hospital: str, department: str, name: str, **more: object
) -> tuple[str, str]:
    """Take a place in line; returns the seat and the cookie that holds it. `more` is what else `WalkIn` may say."""
    body = {"hospital": hospital, "department": department, "name": name, "language": "en", **more}
    async with session.post(f"{base}/api/walk-ins", json=body, headers=CSRF) as response:
        answer = await response.json()
        if response.status != 201:
            raise AssertionError(f"walk-in refused: {response.status} {answer}")
        return answer["seat"], _cookie(response)


async def sign_in(session: aiohttp.ClientSession, base: str, staff_number: str, password: str, code: str) -> str:
    """Sign in to the desk; returns the cookie. `code` is of an `Authenticator` (second_factor.py)."""
    body = {"staff_number": staff_number, "password": password, "code": code}
    async with session.post(f"{base}/api/staff/session", json=body, headers=CSRF) as response:
        if response.status != 201:
            raise AssertionError(f"sign-in refused: {response.status} {await response.text()}")
        return _cookie(response)


def _cookie(response: aiohttp.ClientResponse) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())
