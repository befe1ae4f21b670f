"""The archive over HTTP: closed by default; `_viewer` is the one way in, and every right is asked of recording/archive.py.

Searches are bodies, never URLs: a name has no place in a proxy's log. Segments are decrypted in memory as they are asked
for and leave with no-store; what is sent is bounded as pictures are (outflow.py).
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator

from aiohttp import web

from clinic.hospitals import Directory
from common.errors import ConsiliumError, ProtocolError, UserError
from common.ids import PractitionerId, RecordingId, is_id, new_id
from recording.archive import Archive
from recording.core.retention import RetentionClass
from recording.core.rights import Right, Viewer
from recording.export import Films
from recording.fhir import MEDIA_TYPE, document_reference
from recording.playable import playable
from recording.reading import in_thread
from recording.records import Cursor, Export, ExportState, Purpose, RequestKind, Search
from rooms.model import Role
from signaling import archive_views as views
from signaling.archiving import Archiving
from signaling.http.cookies import read_cookie, staff_cookie
from signaling.http.outflow import Bounds, Outflow, Place
from signaling.http.pictures import access_holder
from signaling.http.security import read_body
from signaling.limits import Limiter, Rate
from signaling.settings import Settings
from signaling.socket import messages as wire
from signaling.socket.handlers.shared import Services

ASK_RATE = Rate(per_s=5, burst=60)
SEGMENT_RATE = Rate(per_s=40, burst=400)  # two people at twice the speed are two segments a second; seeking asks for more
SEGMENTS_AT_ONCE = 16
DECRYPT_AT_ONCE = 4  # each holds two copies of some megabytes
_PIECE = 64 * 1024
PIECE_S = 60.0  # for 64 KiB: who is slower has gone
_CURSOR = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)~([a-z]{1,4}_[a-z2-7]{16})")
_PART = re.compile(r"picture-\d{6}\.sealed")
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_TYPES = {"opus": 'audio/webm; codecs="opus"', "vp8": 'video/webm; codecs="vp8"', "h264": "video/mp4"}


class ArchivePages:
    """The routes of the archive."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        archive: Archive,
        films: Films,
        archiving: Archiving,
        *,
        base_url: str,
    ) -> None:
        self._settings = settings
        self._services = services
        self._archive = archive
        self._films = films
        self._exports = films.exports
        self._archiving = archiving
        self._clock = services.clock
        self._base_url = base_url
        self._asks, self._segments = Limiter(ASK_RATE), Limiter(SEGMENT_RATE)
        self._decrypting = asyncio.Semaphore(DECRYPT_AT_ONCE)
        self._outflow = Outflow(Bounds(most_octets_of_one=96 * 1024 * 1024))  # sixteen segments of some megabytes

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        one = "/api/archive/recordings/{recording}"
        app.router.add_post("/api/archive/search", self.search)
        app.router.add_get(one, self.recording)
        app.router.add_post(f"{one}/plays", self.play)
        app.router.add_post(f"{one}/verifications", self.verify)
        app.router.add_post(f"{one}/hold", self.hold)
        app.router.add_delete(f"{one}/hold", self.release)
        app.router.add_put(f"{one}/retention", self.classify)
        app.router.add_post(f"{one}/exports", self.export)
        app.router.add_get(f"{one}/document-reference", self.document_reference)
        app.router.add_get("/api/archive/plays/{play}/segments/{number}", self.segment)
        app.router.add_get("/api/archive/plays/{play}/pictures/{name}", self.picture)
        app.router.add_get("/api/archive/exports/{export}/film", self.film)
        app.router.add_get("/api/archive/requests", self.requests)
        app.router.add_post("/api/archive/requests/{request}/decision", self.decide)
        app.router.add_get("/api/seats/{seat}/archive-requests", self.asked)
        app.router.add_post("/api/seats/{seat}/archive-requests", self.ask)

    async def search(self, request: web.Request) -> web.Response:
        """`POST` with `ArchiveSearch` → 200 `ArchivePage`."""
        viewer, directory = await self._viewer(request)
        body = await read_body(request, wire.ArchiveSearch)
        search = Search(
            from_s=body.from_s,
            until_s=body.until_s,
            department=body.department,
            practitioner=body.practitioner,
            consultation=body.consultation,
            patient=body.patient,
            name=body.name,
            retention=RetentionClass(body.retention) if body.retention else None,
            state=body.state,
        )
        found = await self._archive.find(viewer, search, _cursor(body.after))
        page = views.page(
            found,
            viewer,
            directory,
            self._archive.pack,
            troubles=self._archiving.troubles(),
            requests=len(await self._archive.requests(viewer)) if viewer.has(Right.DECIDE) else 0,
            now=self._clock.now(),
        )
        return web.json_response(page.model_dump(mode="json"))

    async def recording(self, request: web.Request) -> web.Response:
        """`GET` → 200 `ArchiveRecording`."""
        viewer, directory = await self._viewer(request)
        return web.json_response((await self._told(viewer, directory, _recording(request))).model_dump(mode="json"))

    async def play(self, request: web.Request) -> web.Response:
        """`POST` with `PlayStart` → 201 `PlayGranted`; the view is in the audit before the answer leaves."""
        viewer, directory = await self._viewer(request)
        body = await read_body(request, wire.PlayStart)
        granted = await self._archive.play(viewer, _recording(request), Purpose(body.purpose), body.note)
        recording, opened = await self._archive.played(viewer, granted.play.id)
        timeline = await in_thread(opened.timeline)
        told = views.granted(granted.play, recording, opened, timeline, directory)
        return web.json_response(told.model_dump(mode="json"), status=201)

    async def segment(self, request: web.Request) -> web.StreamResponse:
        """`GET` → 200 the segment as a browser plays it (recording/playable.py), or 206 a part of it (RFC 9110, 14)."""
        viewer, _ = await self._viewer(request, self._segments)
        number = request.match_info["number"]
        if not number.isascii() or not number.isdigit() or len(number) > 6:
            raise UserError("not_found", "There is no such segment.")
        _, opened = await self._archive.played(viewer, _id(request, "play"))
        line = opened.segment(int(number))
        async with self._decrypting:
            content = await in_thread(lambda: playable(opened.plaintext(line.number), line))
        return await self._send(request, viewer, content, _TYPES[line.codec])

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """`GET` → 200 a picture of the sealed timeline, JPEG."""
        viewer, _ = await self._viewer(request, self._segments)
        name = request.match_info["name"]
        if _PART.fullmatch(name) is None:
            raise UserError("not_found", "There is no such picture.")
        _, opened = await self._archive.played(viewer, _id(request, "play"))
        async with self._decrypting:
            content = await in_thread(lambda: opened.picture(name))
        return await self._send(request, viewer, content, "image/jpeg")

    async def verify(self, request: web.Request) -> web.Response:
        """`POST` → 200 `ArchiveRecording` with what was found."""
        viewer, directory = await self._viewer(request)
        which = _recording(request)
        await self._archive.verify(viewer, which)
        return web.json_response((await self._told(viewer, directory, which)).model_dump(mode="json"))

    async def hold(self, request: web.Request) -> web.Response:
        """`POST` with `HoldPut` → 200 `ArchiveRecording`."""
        viewer, directory = await self._viewer(request)
        body, which = await read_body(request, wire.HoldPut), _recording(request)
        await self._archive.hold(viewer, which, body.reason)
        return web.json_response((await self._told(viewer, directory, which)).model_dump(mode="json"))

    async def release(self, request: web.Request) -> web.Response:
        """`DELETE` → 200 `ArchiveRecording`."""
        viewer, directory = await self._viewer(request)
        which = _recording(request)
        await self._archive.release(viewer, which)
        return web.json_response((await self._told(viewer, directory, which)).model_dump(mode="json"))

    async def classify(self, request: web.Request) -> web.Response:
        """`PUT` with `RetentionPut` → 200 `ArchiveRecording`; when it is due moves with it."""
        viewer, directory = await self._viewer(request)
        body, which = await read_body(request, wire.RetentionPut), _recording(request)
        await self._archive.classify(viewer, which, RetentionClass(body.retention))
        return web.json_response((await self._told(viewer, directory, which)).model_dump(mode="json"))

    async def export(self, request: web.Request) -> web.Response:
        """`POST` with `ExportOrder` → 202 `ArchiveRecording`; the film is made in the background, one at a time."""
        viewer, directory = await self._viewer(request)
        body, which = await read_body(request, wire.ExportOrder), _recording(request)
        recording = await self._archive.access(viewer, which, Right.EXPORT)
        await self._archive.shelf.open(recording)  # what cannot be opened is told now, not by a job that fails later
        export = Export(
            id=new_id("exp"),
            recording=which,
            hospital=recording.hospital,
            by=PractitionerId(viewer.practitioner),
            purpose=Purpose(body.purpose),
            language=body.language,
            state=ExportState.QUEUED,
            done=0,
            parts=0,
            octets=0,
            made_at=self._clock.now(),
            expires_at=0.0,
        )
        if not await self._exports.add(export, self._archive.entry(viewer, "export_ordered", which, body.purpose)):
            raise UserError("exports_full", "Enough films wait to be made.", retry_after_s=600)
        self._archiving.wake()
        return web.json_response((await self._told(viewer, directory, which)).model_dump(mode="json"), status=202)

    async def film(self, request: web.Request) -> web.StreamResponse:
        """`GET` → 200 the film, MP4; each fetching is in the audit before the first octet leaves."""
        viewer, _ = await self._viewer(request)
        export = await self._exports.get(_id(request, "export"))
        if export is None or export.state is not ExportState.READY:
            raise UserError("not_found", "There is no such film.")
        recording = await self._archive.access(viewer, export.recording, Right.EXPORT)
        await self._archive.catalog.note(self._archive.entry(viewer, "export_fetched", recording.id, export.purpose.value))
        return await send_film(request, self._films.stream(export, recording), f"{recording.id}.mp4")

    async def document_reference(self, request: web.Request) -> web.Response:
        """`GET` → 200 the recording as a FHIR R4 DocumentReference; 410 once its key was destroyed."""
        viewer, _ = await self._viewer(request)
        recording = await self._archive.access(viewer, _recording(request), Right.FHIR)
        if recording.kept.key_destroyed_at is not None:
            raise UserError("recording_destroyed", "The key of this recording was destroyed.")
        await self._archive.catalog.note(self._archive.entry(viewer, "recording_described", recording.id, "fhir"))
        text = json.dumps(document_reference(recording, self._base_url))
        return web.Response(text=text, content_type=MEDIA_TYPE)

    async def requests(self, request: web.Request) -> web.Response:
        """`GET` → 200 `ArchiveRequests`: what patients of the hospital ask for."""
        viewer, _ = await self._viewer(request)
        open_ones = await self._archive.requests(viewer)
        names = await self._patients(viewer, [each.consultation for each in open_ones])
        listed = [views.request(each, names.get(each.consultation)) for each in open_ones]
        return web.json_response(wire.ArchiveRequests(requests=listed, recorded=True).model_dump(mode="json"))

    async def decide(self, request: web.Request) -> web.Response:
        """`POST` with `ArchiveDecision` → 200 `ArchiveRequest`."""
        viewer, directory = await self._viewer(request)
        body = await read_body(request, wire.ArchiveDecision)
        zone = views.zone_of(directory, directory.practitioners[PractitionerId(viewer.practitioner)].hospital)
        decided = await self._archive.decide(viewer, _id(request, "request"), body.grant, body.answer, zone)
        self._archiving.wake()
        return web.json_response(views.request(decided, None).model_dump(mode="json"))

    async def asked(self, request: web.Request) -> web.Response:
        """`GET` → 200 `ArchiveRequests`: what the holder of this seat asked for, and whether anything was recorded."""
        who = await access_holder(self._settings, self._services, request)
        listed = [views.request(each, None) for each in await self._archive.catalog.requests_of(who.seat)]
        standing = await self._archive.catalog.of_consultation(who.consultation)
        recorded = any(each.kept.key_destroyed_at is None for each in standing)
        return web.json_response(wire.ArchiveRequests(requests=listed, recorded=recorded).model_dump(mode="json"))

    async def ask(self, request: web.Request) -> web.Response:
        """`POST` with `ArchiveAsked` → 201 `ArchiveRequests`. Only the patient's own seat may."""
        who = await access_holder(self._settings, self._services, request)
        if who.role is not Role.PATIENT:
            raise UserError("not_allowed", "Only the patient may ask for this.")
        if not self._asks.take(who.seat, self._clock.now()):
            raise UserError("too_many_requests", "Too many requests for this seat; slow down.")
        body = await read_body(request, wire.ArchiveAsked)
        kind = RequestKind(body.kind)
        asked = await self._archive.ask(who.hospital, who.consultation, who.seat, kind)
        listed = [views.request(each, None) for each in asked]
        return web.json_response(wire.ArchiveRequests(requests=listed, recorded=True).model_dump(mode="json"), status=201)

    async def _viewer(self, request: web.Request, limiter: Limiter | None = None) -> tuple[Viewer, Directory]:
        """Who asks, by the desk's cookie. UserError: not_signed_in, too_many_requests."""
        token = read_cookie(request.cookies, staff_cookie(self._settings))
        staff = await self._services.clinic.staff_by_token(token) if token else None
        if staff is None:
            raise UserError("not_signed_in", "Nobody is signed in here.")
        if not (limiter or self._asks).take(staff.practitioner, self._clock.now()):
            raise UserError("too_many_requests", "Too many requests; slow down.", retry_after_s=1)
        directory = await self._services.names.directory()
        person = directory.practitioners.get(staff.practitioner)
        if person is None:
            raise UserError("forbidden", "Nobody of this hospital is signed in here.")
        return Viewer(staff.practitioner, staff.hospital, person.role.value), directory

    async def _told(self, viewer: Viewer, directory: Directory, which: RecordingId) -> wire.ArchiveRecording:
        recording = await self._archive.access(viewer, which, Right.SEARCH)
        return wire.ArchiveRecording(
            line=views.line(recording, viewer, directory, self._archive.pack),
            holds=[views.hold(each, directory) for each in await self._archive.catalog.holds(which)],
            exports=[views.export(each) for each in await self._exports.of(which)] if viewer.has(Right.EXPORT) else [],
        )

    async def _patients(self, viewer: Viewer, consultations: list[str]) -> dict[str, str]:
        if not viewer.has(Right.NAMES):
            return {}
        return await self._archive.catalog.patients(consultations)

    async def _send(self, request: web.Request, viewer: Viewer, content: bytes, kind: str) -> web.StreamResponse:
        part, status, headers = _part(request, content)
        headers |= {"Content-Type": kind, "Cache-Control": "no-store", "Accept-Ranges": "bytes"}

        async def load() -> bytes:
            return part

        place = Place(viewer.practitioner, "segment", SEGMENTS_AT_ONCE)
        return await self._outflow.send(request, place, load, headers=headers, status=status)


async def send_film(request: web.Request, parts: AsyncIterator[bytes], name: str) -> web.StreamResponse:
    """Sends a film part by part; a reader who stands still is cut off. What fails on the way ends the connection."""
    first = await anext(parts)  # what cannot be read is told as an error, as long as nothing was sent
    disposition = f'attachment; filename="{name}"'
    response = web.StreamResponse(
        headers={"Content-Type": "video/mp4", "Content-Disposition": disposition, "Cache-Control": "no-store"}
    )
    try:
        await response.prepare(request)
        while first:
            for at in range(0, len(first), _PIECE):
                async with asyncio.timeout(PIECE_S):
                    await response.write(first[at : at + _PIECE])
            first = await anext(parts, b"")
    except (TimeoutError, ConsiliumError):
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass
    return response


def _part(request: web.Request, content: bytes) -> tuple[bytes, int, dict[str, str]]:
    """The part that was asked for; of a range that we do not understand, all of it (RFC 9110, 14.2)."""
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        return content, 200, {}
    first = int(asked[1])
    last = min(int(asked[2]) if asked[2] else len(content) - 1, len(content) - 1)
    if first >= len(content) or last < first:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{len(content)}"})
    return content[first : last + 1], 206, {"Content-Range": f"bytes {first}-{last}/{len(content)}"}


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise ProtocolError("bad_body", "after: is no cursor of ours")
    return Cursor(float(found[1]), found[2])


def _recording(request: web.Request) -> RecordingId:
    return RecordingId(_id(request, "recording"))


def _id(request: web.Request, name: str) -> str:
    text = request.match_info[name]
    if not is_id(text):
        raise UserError("not_found", "There is no such thing in the archive.")
    return text
