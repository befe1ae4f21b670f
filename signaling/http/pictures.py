"""Pictures over HTTP: uploads in chunks that any process can go on with, and the pictures themselves.

Closed by default: `access_holder` is the one way to a seat here, by its own cookie or, for the practitioner whose seat it is, by
the desk's. What is sent out is what we encoded, never what was sent in.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web

from common.clock import Clock
from common.errors import ConsiliumError, ProtocolError, UserError
from common.ids import SeatId, is_id
from rooms.errors import OffsetMismatch, picture_unknown
from rooms.model import SeatIdentity
from rooms.pictures import CHUNK_OCTETS, LEAST_CHUNK_OCTETS, Pictures, Progress
from rooms.ports import Made
from signaling.http.cookies import read_cookie, seat_cookie, staff_cookie
from signaling.http.outflow import Outflow, Place
from signaling.http.security import error_response, read_body
from signaling.limits import Limiter, Rate
from signaling.pictures.header import sniff
from signaling.pictures.orders import Order
from signaling.pictures.workshop import Workshop
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services
from signaling.socket.messages import PictureProgress, PictureStart

log = structlog.get_logger()

START_RATE = Rate(per_s=0.5, burst=20)  # a seat's pictures
CHUNK_RATE = Rate(per_s=10, burst=80)  # 20 MB in chunks of 512 KiB are forty
READ_RATE = Rate(per_s=10, burst=200)  # a page with all its thumbnails
CHUNK_S = 120.0  # 512 KiB at 35 kbit/s; who is slower sends smaller ones
_SWEEP_S = 3600.0
OFFSET = "Upload-Offset"
_KEY = re.compile(r"[A-Za-z0-9_-]{8,40}")
_CHUNK_TYPE = "application/offset+octet-stream"
_PICTURES_AT_ONCE = 6  # as many connections as a browser opens
_THUMBNAILS_AT_ONCE = 64  # over HTTP/2 a page asks for all it shows at once; each has some ten kilobytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came of a chunk before it ended or its connection did."""

    content: bytes
    cut: bool


class PicturePages:
    """The routes under a seat's pictures."""

    def __init__(self, settings: Settings, services: Services, pictures: Pictures, workshop: Workshop, *, clock: Clock) -> None:
        self._settings = settings
        self._services = services
        self._pictures = pictures
        self._workshop = workshop
        self._clock = clock
        self._starts, self._chunks, self._reads = Limiter(START_RATE), Limiter(CHUNK_RATE), Limiter(READ_RATE)
        self._outflow = Outflow()
        self._finishing: dict[tuple[SeatId, str], asyncio.Task[Progress]] = {}

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_post("/api/seats/{seat}/pictures", self.start)
        app.router.add_patch("/api/seats/{seat}/pictures/{key}", self.receive)
        app.router.add_get("/api/seats/{seat}/pictures/{picture}", self.picture)
        app.router.add_get("/api/seats/{seat}/pictures/{picture}/thumbnail", self.thumbnail)

    async def run(self) -> None:
        """Forget, once an hour, the uploads that nobody ended."""
        while True:
            try:
                await self._pictures.sweep()
            except ConsiliumError as error:
                log.warning("uploads not swept", code=error.code)
            await asyncio.sleep(_SWEEP_S)

    async def stop(self) -> None:
        """What is being made is left: whoever asks again has it made."""
        for task in list(self._finishing.values()):
            task.cancel()
        await asyncio.gather(*self._finishing.values(), return_exceptions=True)

    async def start(self, request: web.Request) -> web.Response:
        """`POST` with `PictureStart` → 200 `PictureProgress`; asked again, it says where to go on."""
        who = await self._holder(request, self._starts)
        body = await read_body(request, PictureStart)
        progress = await self._pictures.start(who, body.key, body.octets, body.media_type)
        if progress.complete:  # the answer to the last chunk was lost, or the process that made the picture
            progress = await self._finish(who, progress)
        return _answer(progress)

    async def receive(self, request: web.Request) -> web.Response:
        """`PATCH` with the octets from `Upload-Offset` on → 200 `PictureProgress`; 409 `picture_offset` says where to go on."""
        who = await self._holder(request, self._chunks)
        key, offset = request.match_info["key"], _offset(request)
        if _KEY.fullmatch(key) is None:
            raise picture_unknown()  # no database is asked for what cannot be there
        progress = await self._pictures.progress(who, key)
        if progress.entry is None and offset != progress.offset:
            return _elsewhere(OffsetMismatch(progress.offset))
        chunk = await read_chunk(request)
        if chunk.cut and len(chunk.content) < LEAST_CHUNK_OCTETS:
            raise ProtocolError("picture_chunk", "The chunk did not come in time.")
        if progress.entry is None and offset == 0 and chunk.content and sniff(chunk.content) != progress.media_type:
            await self._pictures.refuse(who, key, "picture_type")  # known by the first octets: no need to send the rest
        try:
            progress = await self._pictures.receive(who, key, offset, chunk.content)
        except OffsetMismatch as mismatch:
            return _elsewhere(mismatch)
        if progress.complete:
            progress = await self._finish(who, progress)
        return _answer(progress)

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """`GET` → 200 the picture, JPEG."""
        return await self._content(request, thumbnail=False)

    async def thumbnail(self, request: web.Request) -> web.StreamResponse:
        """`GET` → 200 the same, at most 320 pixels wide and high."""
        return await self._content(request, thumbnail=True)

    async def _content(self, request: web.Request, *, thumbnail: bool) -> web.StreamResponse:
        who = await self._holder(request, self._reads)
        picture = request.match_info["picture"]
        if not is_id(picture):
            raise picture_unknown()
        load = partial(self._pictures.content, who, picture, thumbnail=thumbnail)
        kind, most = ("thumbnail", _THUMBNAILS_AT_ONCE) if thumbnail else ("picture", _PICTURES_AT_ONCE)
        return await self._outflow.send(request, Place(who.seat, kind, most), load)

    async def _holder(self, request: web.Request, limiter: Limiter) -> SeatIdentity:
        who = await access_holder(self._settings, self._services, request)
        if not limiter.take(who.seat, self._clock.now()):
            raise UserError("too_many_requests", "Too many requests for this seat; slow down.")
        return who

    async def _finish(self, who: SeatIdentity, progress: Progress) -> Progress:
        """Have the picture made: once at a time, and to the end, also when whoever asked has gone meanwhile."""
        at = (who.seat, progress.key)
        task = self._finishing.get(at)
        if task is None:
            task = asyncio.create_task(self._make(who, progress))
            self._finishing[at] = task
            task.add_done_callback(lambda _done: self._finishing.pop(at, None))
        return await asyncio.shield(task)

    async def _make(self, who: SeatIdentity, progress: Progress) -> Progress:
        async def load() -> bytes:
            return await self._pictures.file(who, progress.key)

        try:
            made = await self._workshop.render(load, Order(progress.media_type))
            picture = Made(made.width, made.height, made.content, made.thumbnail)
            progress, effects = await self._pictures.finish(who, progress.key, picture)
        except UserError as refused:
            if refused.code.startswith("picture_") and refused.code != "picture_unknown":
                await self._pictures.refuse(who, progress.key, refused.code)
            log.info("picture refused", seat=who.seat, code=refused.code)
            raise
        self._services.carry_out(effects)
        return progress


async def access_holder(settings: Settings, services: Services, request: web.Request) -> SeatIdentity:
    """Who asks for this seat: its holder by its cookie, or its practitioner by the desk's. UserError: forbidden."""
    seat = SeatId(request.match_info["seat"])
    found: SeatIdentity | None = None
    if is_id(seat):
        token = read_cookie(request.cookies, seat_cookie(settings, seat))
        found = await services.rooms.seat_by_token(seat, token) if token else None
        token = read_cookie(request.cookies, staff_cookie(settings))
        if found is None and token is not None:
            staff = await services.clinic.staff_by_token(token)
            found = await services.rooms.seat_of_practitioner(staff.practitioner, seat) if staff else None
    if found is None:
        raise UserError("forbidden", "This browser does not hold that seat.")
    return found


async def read_chunk(request: web.Request) -> Chunk:
    """The body, bounded; of a connection that was cut what came until then, so that a bad link gets on, too.

    Raises ProtocolError: picture_chunk."""
    if request.content_type != _CHUNK_TYPE or "Content-Encoding" in request.headers:
        raise ProtocolError("picture_chunk", f"A chunk is {_CHUNK_TYPE}, as it is.")
    if (request.content_length or 0) > CHUNK_OCTETS:
        raise ProtocolError("picture_chunk", "A chunk has 512 KiB at most.")
    content = bytearray()
    try:
        async with asyncio.timeout(CHUNK_S):
            async for part in request.content.iter_any():
                content += part
                if len(content) > CHUNK_OCTETS:
                    raise ProtocolError("picture_chunk", "A chunk has 512 KiB at most.")
    except (OSError, web.RequestPayloadError):  # TimeoutError too
        return Chunk(bytes(content), cut=True)
    return Chunk(bytes(content), cut=False)


def _offset(request: web.Request) -> int:
    text = request.headers.get(OFFSET, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ProtocolError("picture_chunk", f"{OFFSET} says where the chunk begins.")
    return int(text)


def _answer(progress: Progress) -> web.Response:
    body = PictureProgress(key=progress.key, offset=progress.offset, entry=progress.entry)
    return web.json_response(body.model_dump(), headers={OFFSET: str(progress.offset)})


def _elsewhere(mismatch: OffsetMismatch) -> web.Response:
    response = error_response(mismatch)
    response.headers[OFFSET] = str(mismatch.offset)
    return response
