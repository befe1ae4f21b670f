"""Whether this process lives, whether it can serve, and its figures for Prometheus. No person and no address in any of them."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from common.errors import ConsiliumError

_PROBE_TIMEOUT_S = 2.0

Probe = Callable[[], Awaitable[bool]]


class Health:
    """The operator's routes. `probes` are asked by name at each `/health/ready`."""

    def __init__(self, probes: dict[str, Probe], gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self._probes = probes
        self._registry = CollectorRegistry()
        for name, (words, value) in gauges.items():
            Gauge(f"consilium_{name}", words, registry=self._registry).set_function(value)

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/health/live", self.live)
        app.router.add_get("/health/ready", self.ready)
        app.router.add_get("/metrics", self.metrics)

    async def live(self, _request: web.Request) -> web.Response:
        """`GET /health/live` → 200 while the event loop turns."""
        return web.json_response({"live": True})

    async def ready(self, _request: web.Request) -> web.Response:
        """`GET /health/ready` → 200 when every part answers, else 503; the body names each part."""
        names = list(self._probes)
        answers = await asyncio.gather(*(self._ask(self._probes[name]) for name in names))
        ready = all(answers)
        body = {"ready": ready, "parts": dict(zip(names, answers, strict=True))}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        """`GET /metrics` in Prometheus' text form."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask(self, probe: Probe) -> bool:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                return await probe()
        except (ConsiliumError, TimeoutError, OSError):
            return False
