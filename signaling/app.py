"""The one place where everything is put together: stores, services, workers, web server. Wires; decides nothing."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog
from aiohttp import web

from clinic.chart import Charts
from clinic.factors import KEY_BYTES, FactorVault, new_key
from clinic.hospitals import StaffRole
from clinic.passwords import Argon2Hasher
from clinic.people import Clinic
from clinic.sample import Sample, create_sample
from clinic.store.charts import SqlChartStore
from clinic.store.sql import SqlClinicStore
from common.clock import Clock, SystemClock
from common.database import Database, migrate
from common.errors import Unavailable
from common.evidence.signing import keep_signer
from common.ids import new_id
from common.kept import keep
from common.outbox.delivery import Delivery
from common.outbox.folder import FolderPost
from common.outbox.smtp import SmtpPost, smtp_server
from common.outbox.store import SqlOutbox
from media.control.client import WorkerClient
from media.control.unix import connect_unix
from media.supervisor import Supervisor
from recording.client import RecorderKeeper
from recording.commands import RECORDINGS
from rooms.archiving import Closed
from rooms.flights import Flights
from rooms.pictures import Pictures
from rooms.service import Rooms
from rooms.stills import Stills
from rooms.store.sql import SqlRoomsStore
from rooms.timelines import Timelines
from signaling.access_log import AccessLog
from signaling.archive_wiring import wire_archive
from signaling.checkpoints import Checkpoints
from signaling.effects import Effects
from signaling.flights import FlightRecorder
from signaling.gauges import Gauges
from signaling.hints import Hint, Hints, LocalHints
from signaling.http.archive import ArchivePages
from signaling.http.door import HEAD_TIMEOUT_S, guard, handshakes
from signaling.http.health import Health, writable
from signaling.http.invitations import Invitations
from signaling.http.links import Links
from signaling.http.operators import Operators
from signaling.http.pages import add_pages, strays
from signaling.http.pictures import PicturePages
from signaling.http.public import Public
from signaling.http.security import MAX_BODY_BYTES, counting, security_middleware, set_headers_on
from signaling.http.staff import Staff
from signaling.letters import Letters, Post
from signaling.metrics import Metrics
from signaling.pictures.workshop import Workshop, WorkshopSize
from signaling.placement import Placements
from signaling.probes import Probes
from signaling.quality import QualityPost
from signaling.reconciler import Reconciler
from signaling.recordings import RecordingKeeper
from signaling.refresher import Refresher
from signaling.settings import Settings
from signaling.socket.connections import Connections
from signaling.socket.gateway import Gateway
from signaling.socket.handlers.shared import Services, Turn
from signaling.stills import StillPost
from signaling.teller import Teller, typing_hint
from signaling.views import Names

log = structlog.get_logger()

_WORKERS_STOP_S = 3.0
_DRAIN_LOOK_S = 0.1
# 50 megapixels take 1 s as a photograph, 5 s with an alpha channel, 10 s where calls take the cores (they go first); a browser
# waits 60 s. Stills have a process of their own and take some milliseconds.
_PICTURES = WorkshopSize(workers=2, waiting=16, limit_s=45.0)
_STILLS = WorkshopSize(workers=1, waiting=64, limit_s=5.0)


class Server:
    """One signaling process with its media workers. `start`, then `stop`; both once."""

    def __init__(self, settings: Settings, listener: socket.socket, clock: Clock | None = None) -> None:
        self.settings = settings
        self.node = new_id("n")
        self.sample: Sample | None = None
        self.app: web.Application | None = None
        self._runner: web.AppRunner | None = None
        self._listener = listener
        self._clock = clock or SystemClock()
        self._connections = Connections()
        self._hints = self._choose_hints()
        self._metrics = Metrics()
        self._gateway = Gateway(
            settings, self.node, self._clock, self._connections, announce=self._hints.send, metrics=self._metrics
        )
        self._closing = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def calls(self) -> int:
        """Calls whose doctor is connected here."""
        return self._connections.seated_desks()

    @property
    def open_connections(self) -> int:
        """TCP connections of browsers and of everybody else."""
        return len(self._runner.server.connections) if self._runner is not None and self._runner.server is not None else 0

    async def start(self) -> None:
        """Bring everything up; on failure nothing is left behind."""
        try:
            await self._start()
            log.info("ready", node=self.node)
        except BaseException:
            await self._closing.aclose()
            raise

    async def drain(self) -> None:
        """Take no new connection; wait, as long as the settings allow, until the calls here have ended."""
        self._gateway.draining = True
        deadline = self._clock.now() + self.settings.drain_s
        while self.calls and self._clock.now() < deadline:  # noqa: ASYNC110  (calls end in the database, not here)
            await asyncio.sleep(_DRAIN_LOOK_S)

    async def stop(self) -> None:
        """Tell every browser to come back, then close everything in the reverse order of starting."""
        log.info("stopping", node=self.node, calls=self.calls)
        await self._gateway.drain()
        await self._closing.aclose()

    async def _start(self) -> None:
        database = await self._open_database()
        store = SqlRoomsStore(database)
        rooms = Rooms(store, self._clock)
        hasher = Argon2Hasher()
        self._closing.callback(hasher.close)
        clinic = Clinic(SqlClinicStore(database), hasher, factor_vault(self.settings), self._clock)
        if self.settings.sample:
            self.sample = await create_sample(clinic, self.settings.data, self._clock.now())
        await clinic.check_key()
        charts = Charts(SqlChartStore(database), self._clock)
        await rooms.heartbeat(self.node)

        hints = self._hints
        effects = Effects(self.node, hints, self._metrics)
        names = Names(clinic, self._clock)
        refresher = Refresher(
            rooms=rooms,
            charts=charts,
            names=names,
            connections=self._connections,
            clock=self._clock,
            metrics=self._metrics,
            send=self._gateway.send,
        )
        timelines = Timelines(store, self._clock, rooms.turns)
        stills = Stills(store, self._clock)
        teller = Teller(
            timelines, stills, names, self._connections, self._clock, send=self._gateway.send, desk=refresher.hear_desk
        )

        def heard(hint: Hint) -> None:
            teller.hear(hint)
            refresher.hear(hint)
            self._gateway.hear(hint)

        await hints.start(heard)
        self._closing.push_async_callback(hints.stop)

        placements = Placements(rooms, self._clock, effects.carry_out, connect_unix)
        effects.placements = placements
        self._closing.push_async_callback(placements.stop)
        self._closing.push_async_callback(effects.stop)
        recordings = self._recordings(rooms, placements, effects, heard)
        refresher.trouble = recordings.trouble
        if any(hospital.records for hospital in (await names.directory()).hospitals.values()):
            recordings.want_recorder()
        supervisor = await self._start_workers(placements)

        flights, flight_recorder = Flights(store), FlightRecorder(Flights(store), self._connections, self._clock)
        services = Services(
            rooms=rooms,
            clinic=clinic,
            charts=charts,
            names=names,
            placements=placements,
            probes=Probes(placements, self._clock),
            turn=self._turn(),
            access_log=AccessLog(database),
            clock=self._clock,
            metrics=self._metrics,
            timelines=timelines,
            stills=StillPost(stills, self._workshop(_STILLS), effects.carry_out),
            quality=self._quality(placements, timelines, flight_recorder, effects),
            flights=flights,
            tell_typing=lambda who: hints.send(typing_hint(self.node, who)),
            carry_out=effects.carry_out,
        )
        outbox = SqlOutbox(database)
        gauges = Gauges(rooms=rooms, names=names, outbox=outbox, metrics=self._metrics, clock=self._clock)
        self._metrics.measure = gauges.measure
        delivery = Delivery(outbox, Letters(names, self._base_url(), self._post()).send, self._clock)
        effects.deliver = delivery.wake
        checkpoints = self._checkpoints(database)

        self._gateway.serve(services, refresher)
        reconciler = Reconciler(
            node=self.node,
            rooms=rooms,
            placements=placements,
            clock=self._clock,
            carry_out=effects.carry_out,
            hear=heard,
            own_workers=supervisor.registered,
            report_presence=self._gateway.report_presence,
            settle=self._gateway.settle,
        )
        self._closing.push_async_callback(self._leave, rooms, effects)
        pictures = self._pictures(SqlRoomsStore(database, brief=False), services)
        archive = self._archive(database, Closed(store), services)
        self._own(refresher.run(), teller.run(), reconciler.run(), delivery.run(), pictures.run(), self._metrics.watch_loop())
        self._own(recordings.run(), checkpoints.run(), flight_recorder.run())
        await self._listen(services, placements, hints, pictures, archive)

    async def _open_database(self) -> Database:
        await migrate(self.settings.database)
        database = Database(self.settings.database)
        self._closing.push_async_callback(database.close)
        if database.is_sqlite:
            self._own(database.write_back())
            self._closing.push_async_callback(self._end_loops)
        return database

    async def _leave(self, rooms: Rooms, effects: Effects) -> None:
        await self._end_loops()
        effects.carry_out(await rooms.node_stopped(self.node))

    async def _end_loops(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own(self, *loops: Coroutine[None, None, None]) -> None:
        for loop in loops:
            task = asyncio.create_task(loop)
            task.add_done_callback(_loop_ended)
            self._tasks.append(task)

    def _quality(self, placements: Placements, timelines: Timelines, recorder: FlightRecorder, effects: Effects) -> QualityPost:
        self._closing.push_async_callback(recorder.keep)
        quality = QualityPost(
            placements,
            timelines,
            self._connections,
            self._clock,
            recorder,
            send=self._gateway.send,
            carry_out=effects.carry_out,
        )
        placements.hear_quality = quality.hear
        self._closing.push_async_callback(quality.stop)
        return quality

    def _checkpoints(self, database: Database) -> Checkpoints:
        checkpoints = Checkpoints(database, self.settings.checkpoint_folder, keep_signer(self.settings.data), self._clock)
        self._closing.push_async_callback(checkpoints.write)  # what was done last is remembered too
        return checkpoints

    def _turn(self) -> Turn | None:
        secret = self.settings.turn_secret
        return Turn(self.settings.turn_urls, secret) if secret is not None else None

    def _post(self) -> Post:
        """The mail server that is set, or a folder."""
        sender = self.settings.mail_from or "consilium@localhost"
        if self.settings.smtp_url is None:
            return FolderPost(self.settings.mail_folder, sender)
        return SmtpPost(smtp_server(self.settings.smtp_url.get_secret_value()), sender)

    def _choose_hints(self) -> Hints:
        if self.settings.redis_url is None:
            return LocalHints()
        from signaling.redis_hints import RedisHints  # noqa: PLC0415  (a third of a second that one process need not wait)

        return RedisHints(self.settings.redis_url.get_secret_value(), self.node)

    def _recordings(
        self, rooms: Rooms, placements: Placements, effects: Effects, heard: Callable[[Hint], None]
    ) -> RecordingKeeper:
        """What carries out recording orders. The recorder itself is started when one is wanted, and outlives the workers."""
        folder = Path(tempfile.mkdtemp(prefix="consilium-"))
        self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
        log_as = (self.settings.log_level, self.settings.log_format)

        def met(recorder: WorkerClient) -> None:
            recordings.met(recorder)

        keeper = RecorderKeeper(folder, self.settings.data.resolve(), f"{self.node}-recorder", met, log_as)
        self._closing.push_async_callback(keeper.stop)
        recordings = RecordingKeeper(
            rooms=rooms,
            placements=placements,
            clock=self._clock,
            carry_out=effects.carry_out,
            changed=lambda which: heard(Hint(node=self.node, kind="consultation", id=which)),
            want_recorder=keeper.start,
            root=self.settings.data / RECORDINGS,
        )
        effects.record = recordings.hear
        self._metrics.gauge("recordings_failing", "Recordings that should run and do not", lambda: float(recordings.failing))
        return recordings

    async def _start_workers(self, placements: Placements) -> Supervisor:
        folder = Path(tempfile.mkdtemp(prefix="consilium-"))  # short: a Unix socket's path has 107 bytes at most
        self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
        supervisor = Supervisor(
            count=self.settings.worker_count,
            folder=folder,
            node=self.node,
            addresses=self.settings.media_addresses,
            first_port=self.settings.media_port,
            memory_mb=self.settings.media_memory_mb,
            log_level=self.settings.log_level,
            log_format=self.settings.log_format,
            on_worker=placements.add,
        )
        self._closing.push_async_callback(supervisor.stop, _WORKERS_STOP_S)
        await supervisor.start()
        self._closing.callback(placements.let_go)
        return supervisor

    def _pictures(self, store: SqlRoomsStore, services: Services) -> PicturePages:
        pictures = Pictures(store, self._clock)
        pages = PicturePages(self.settings, services, pictures, self._workshop(_PICTURES), clock=self._clock)
        self._closing.push_async_callback(pages.stop)
        return pages

    def _workshop(self, size: WorkshopSize) -> Workshop:
        workshop = Workshop(size)
        self._closing.push_async_callback(workshop.stop)
        return workshop

    def _archive(self, database: Database, closed: Closed, services: Services) -> ArchivePages:
        wired = wire_archive(self.settings, database, closed, services, node=self.node, base_url=self._base_url())
        self._own(wired.archiving.run())
        return wired.pages

    def _base_url(self) -> str:
        return self.settings.base_url(self._listener.getsockname()[1])

    async def _listen(
        self, services: Services, placements: Placements, hints: Hints, pictures: PicturePages, archive: ArchivePages
    ) -> None:
        app = web.Application(
            middlewares=[
                counting(self._metrics),
                security_middleware(self.settings),
                handshakes(self.settings, self._clock),
                strays(),
            ],
            client_max_size=MAX_BODY_BYTES,
        )
        set_headers_on(app, self.settings)
        Public(self.settings, services, self._clock).add_to(app)
        links = Links(self.settings, services, self._clock)
        self._closing.push_async_callback(links.stop)
        links.add_to(app)
        Staff(self.settings, services, self._gateway).add_to(app)
        Invitations(self.settings, services).add_to(app)
        pictures.add_to(app)
        archive.add_to(app)
        self._health(services, placements, hints).add_to(app)
        self._gateway.server.attach(app, socketio_path="socket.io")
        add_pages(app)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=2,
            keepalive_timeout=HEAD_TIMEOUT_S,
            auto_decompress=False,  # nobody of ours packs a body; what is packed stays as small as it came, and is refused
        )
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        if runner.server is not None:
            guard(runner.server, self.settings)
        self.app, self._runner = app, runner
        await web.SockSite(runner, self._listener, ssl_context=self._tls()).start()

    def _tls(self) -> ssl.SSLContext | None:
        if self.settings.tls_certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.settings.tls_certificate, self.settings.tls_key)
        return context

    def _health(self, services: Services, placements: Placements, hints: Hints) -> Health:
        async def stored() -> bool:
            await services.rooms.next_deadline()
            return True

        async def media() -> bool:
            return placements.reachable > 0

        async def accepting() -> bool:
            return not self._gateway.draining

        async def bus() -> bool:
            return hints.connected

        async def loops() -> bool:
            return not any(task.done() for task in self._tasks)

        async def disk() -> bool:
            return await asyncio.to_thread(writable, self.settings.data)

        gauge = self._metrics.gauge
        gauge("connections", "Browsers connected to this process", lambda: float(len(self._connections)))
        gauge("calls", "Calls whose doctor is connected to this process", lambda: float(self.calls))
        gauge("media_workers", "Media workers that this process reaches", lambda: float(placements.reachable))
        gauge("open_connections", "TCP connections to the web port", lambda: float(self.open_connections))
        parts = {"accepting": accepting, "database": stored, "disk": disk, "loops": loops, "media": media, "redis": bus}
        return Health(parts, self._metrics, Operators(self.settings))


def factor_vault(settings: Settings) -> FactorVault:
    """What seals the staff's second factors: its key is made with the first start and belongs in every backup."""
    key = keep(settings.data / "factor-key", new_key)
    if len(key) != KEY_BYTES:
        raise Unavailable("factor_key_wrong", f"{settings.data / 'factor-key'} is no key: it has not {KEY_BYTES} bytes")
    return FactorVault(key)


async def reset_factor(settings: Settings, staff_number: str) -> int:
    """Forget the second factor of somebody, or of `all`; returns how many there were to forget."""
    await migrate(settings.database)
    database, hasher = Database(settings.database), Argon2Hasher()
    try:
        clinic = Clinic(SqlClinicStore(database), hasher, factor_vault(settings), SystemClock())
        everybody = [who.staff_number for who in (await clinic.directory()).practitioners.values()]
        return sum([await clinic.reset_factor(one) for one in (everybody if staff_number == "all" else [staff_number])])
    finally:
        hasher.close()
        await database.close()


async def set_role(settings: Settings, staff_number: str, role: StaffRole) -> bool:
    """Give somebody of the staff another role; false when nobody has the number."""
    await migrate(settings.database)
    database, hasher = Database(settings.database), Argon2Hasher()
    try:
        clinic = Clinic(SqlClinicStore(database), hasher, factor_vault(settings), SystemClock())
        return await clinic.set_role(staff_number, role)
    finally:
        hasher.close()
        await database.close()


def _loop_ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a loop of the server ended", exc_info=task.exception())
