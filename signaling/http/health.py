"""Whether this process lives, whether it can serve, and its figures for Prometheus. No person and no address in any of them."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from common.errors import ConsiliumError
from signaling.http.operators import Operators
from signaling.metrics import Metrics

_PROBE_TIMEOUT_S = 2.0

Probe = Callable[[], Awaitable[bool]]


def writable(folder: Path) -> bool:
    """Whether the folder takes a file with something in it (an empty one fits on a full disk). Blocks: run it in a thread."""
    probe = folder / f".ready-{secrets.token_hex(4)}"
    try:
        probe.write_bytes(b"1")
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return True


class Health:
    """The operator's routes. `probes` are asked by name at each `/health/ready`. Who is none learns up or down alone."""

    def __init__(self, probes: Mapping[str, Probe], metrics: Metrics, operators: Operators) -> None:
        self._probes = probes
        self._metrics = metrics
        self._operators = operators

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/health/live", self.live)
        app.router.add_get("/health/ready", self.ready)
        app.router.add_get("/metrics", self.metrics)

    async def live(self, _request: web.Request) -> web.Response:
        """`GET /health/live` → 200 while the event loop turns."""
        return web.json_response({"live": True})

    async def ready(self, request: web.Request) -> web.Response:
        """`GET /health/ready` → 200 when every part answers, else 503; to operators the body names each part."""
        names = list(self._probes)
        answers = await asyncio.gather(*(self._ask(self._probes[name]) for name in names))
        ready = all(answers)
        body: dict[str, object] = {"ready": ready}
        if self._operators.admits(request):
            body["parts"] = dict(zip(names, answers, strict=True))
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """`GET /metrics` in Prometheus' text form, for operators. UserError: forbidden."""
        self._operators.admit(request)
        await self._metrics.measure()
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask(self, probe: Probe) -> bool:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                return await probe()
        except (ConsiliumError, TimeoutError, OSError):
            return False
