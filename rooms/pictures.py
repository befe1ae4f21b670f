"""Pictures of the timeline: uploads that can be resumed by any process, and what became of them. Decides limits and order.

It never looks into a picture: whoever decodes one (signaling/pictures) hands in what was made of it. Chunks are kept until
the picture is there, was refused, or a day has passed.
"""

from dataclasses import dataclass, replace

from common.clock import Clock
from common.errors import UserError
from common.ids import SeatId, new_id
from rooms.access import access_timeline
from rooms.effects import Effect, TimelineGrew
from rooms.errors import (
    picture_key_taken,
    picture_offset,
    picture_refused,
    picture_unknown,
    timeline_full,
    too_many_pictures,
    uploads_full,
)
from rooms.model import OVER, Consultation, SeatIdentity
from rooms.ports import Made, RoomsStore, Upload, Work
from rooms.timeline import MOST_ENTRIES, Draft, EntryKind, PictureInfo

MOST_OCTETS = 20 * 1024 * 1024
CHUNK_OCTETS = 512 * 1024
LEAST_CHUNK_OCTETS = 16 * 1024
"""Only the last chunk may be smaller: a picture in single bytes would be twenty million rows."""
MOST_OPEN = 6
"""Uploads of one seat under way: 120 MB of chunks at most."""
MOST_OF_SEAT = 100
MOST_OPEN_OCTETS = 4 * 1024**3
"""Of all uploads under way in the installation, as they were announced: what a disk must have left for them."""
MOST_STORED_OCTETS = 200 * 1024 * 1024
"""Of one consultation, made and stored: about two hundred pictures."""
UPLOAD_S = 24 * 3600.0
CROWDED_S = 2 * 3600.0
"""Where no more uploads fit, those begun longer ago make room: 20 MB at 35 kbit/s take 80 minutes."""
SWEPT_AT_ONCE = 5
"""Uploads forgotten in one transaction: 100 MB of chunks at most, far below a statement's time-out."""
MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload has come. `entry` is the number of its entry once the picture is there."""

    key: str
    media_type: str
    octets: int
    offset: int
    entry: int | None = None

    @property
    def complete(self) -> bool:
        """Every octet is here and nothing was made of them yet."""
        return self.entry is None and self.offset == self.octets


class Pictures:
    """The service. Methods raise `Unavailable`, and `UserError` by code: picture_*, too_many_pictures, and access_timeline's."""

    def __init__(self, store: RoomsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def start(self, who: SeatIdentity, key: str, octets: int, media_type: str) -> Progress:
        """Begins an upload, or says how far the one with this key has come. UserError: picture_type, picture_too_large,
        too_many_pictures, the code with which it was refused before. Unavailable: uploads_full."""
        if media_type not in MEDIA_TYPES:
            raise picture_refused("picture_type")
        if octets > MOST_OCTETS:
            raise picture_refused("picture_too_large")
        async with self._store.transaction() as work:
            consultation = await work.consultations.locked(who.consultation)
            access_timeline(consultation, who.seat, self._clock.now())
            known = await self._known(work, who.seat, key)
            if known is None:
                await _admit(work, consultation, who.seat)
                await self._make_room(work, octets)
                known = Upload(who.seat, key, media_type, octets, 0, None, self._clock.now())
                await work.pictures.begin(known)
        if isinstance(known, Upload):
            if (known.octets, known.media_type) != (octets, media_type):
                raise picture_key_taken()
            return _progress(known)
        return replace(known, octets=octets, offset=octets)

    async def progress(self, who: SeatIdentity, key: str) -> Progress:
        """How far it has come. UserError: picture_unknown, and the code with which it was refused."""
        async with self._store.reading() as work:
            await self._access(work, who)
            known = await self._known(work, who.seat, key)
        if known is None:
            raise picture_unknown()
        return _progress(known) if isinstance(known, Upload) else known

    async def receive(self, who: SeatIdentity, key: str, offset: int, content: bytes) -> Progress:
        """Takes the octets that follow `offset`. UserError: picture_offset when these are not the next ones, picture_chunk."""
        async with self._store.transaction() as work:
            await self._access(work, who)
            upload = await work.pictures.locked(who.seat, key)
            end = offset + len(content)
            if upload is None:
                known = await self._known(work, who.seat, key)
                if isinstance(known, Progress):
                    return replace(known, octets=end, offset=end)  # resent after it had become a picture
                raise picture_unknown()
            if upload.refused is not None:
                raise picture_refused(upload.refused)
            if offset != upload.received or end > upload.octets:
                raise picture_offset(upload.received)
            if len(content) > CHUNK_OCTETS or (len(content) < LEAST_CHUNK_OCTETS and end != upload.octets):
                raise UserError("picture_chunk", "Chunks have from 16 to 512 KiB; only the last may be smaller.")
            if content:
                await work.pictures.add_chunk(upload, content)
        return _progress(upload, end)

    async def file(self, who: SeatIdentity, key: str) -> bytes:
        """What was uploaded, whole. UserError: picture_unknown."""
        async with self._store.reading() as work:
            chunks = await work.pictures.chunks(who.seat, key)
        if not chunks:
            raise picture_unknown()
        return b"".join(chunks)

    async def finish(self, who: SeatIdentity, key: str, made: Made) -> tuple[Progress, list[Effect]]:
        """The picture takes its place in the timeline; of two processes that made it at once the first one's stays."""
        now = self._clock.now()
        async with self._store.transaction() as work:
            consultation = await work.consultations.locked(who.consultation)
            author = access_timeline(consultation, who.seat, now)
            upload = await work.pictures.locked(who.seat, key)
            if upload is None or upload.refused is not None:
                known = await self._known(work, who.seat, key)
                if isinstance(known, Progress):
                    return known, []
                raise picture_unknown()
            if await work.timeline.by_key(who.seat, key) is not None:
                raise picture_key_taken()  # by a text, written while the upload went on
            if consultation.last_entry >= MOST_ENTRIES:
                raise timeline_full()
            info = PictureInfo(new_id("pic"), made.width, made.height, len(made.content))
            draft = Draft(EntryKind.PICTURE, now, author.id, key=key, picture=info)
            await work.pictures.keep(consultation.id, draft, made)
            number = await work.timeline.append(consultation.id, [draft], now)
            if consultation.state in OVER and consultation.practitioner is not None:
                await work.timeline.desk_changed(consultation.practitioner)
        return Progress(key, upload.media_type, upload.octets, upload.octets, number), [TimelineGrew(consultation.id)]

    async def refuse(self, who: SeatIdentity, key: str, code: str) -> None:
        """It is no picture that we take: the octets go, the reason stays for whoever asks again."""
        async with self._store.transaction() as work:
            await work.pictures.refuse(who.seat, key, code)

    async def content(self, who: SeatIdentity, picture: str, *, thumbnail: bool) -> bytes:
        """A picture (JPEG) of the seat's own consultation. UserError: picture_unknown."""
        async with self._store.reading() as work:
            await self._access(work, who)
            found = await work.pictures.content(who.consultation, picture, thumbnail=thumbnail)
        if found is None:
            raise picture_unknown()
        return found

    async def sweep(self) -> int:
        """Forgets uploads that nobody ended in a day, a few at a time, so that others get their turn; how many they were."""
        before, forgotten = self._clock.now() - UPLOAD_S, 0
        while True:
            async with self._store.transaction() as work:
                found = await work.pictures.forget_uploads(before, SWEPT_AT_ONCE)
            forgotten += found
            if found < SWEPT_AT_ONCE:
                return forgotten

    async def _make_room(self, work: Work, octets: int) -> None:
        """Whether the installation has room for an upload; what has lain about for long goes before somebody is refused."""
        if await work.pictures.open_octets() + octets <= MOST_OPEN_OCTETS:
            return
        await work.pictures.forget_uploads(self._clock.now() - CROWDED_S, SWEPT_AT_ONCE)
        if await work.pictures.open_octets() + octets > MOST_OPEN_OCTETS:
            raise uploads_full()

    async def _access(self, work: Work, who: SeatIdentity) -> None:
        (consultation,) = await work.consultations.load([who.consultation])
        access_timeline(consultation, who.seat, self._clock.now())

    async def _known(self, work: Work, seat: SeatId, key: str) -> Upload | Progress | None:
        """The upload with this key, or how it ended. UserError: the code with which it was refused."""
        entry = await work.timeline.by_key(seat, key)
        if entry is not None:
            if entry.draft.picture is None:
                raise picture_key_taken()
            return Progress(key, "", 0, 0, entry.number)  # how many octets were sent is not kept
        upload = await work.pictures.upload(seat, key)
        if upload is not None and upload.refused is not None:
            raise picture_refused(upload.refused)
        return upload


async def _admit(work: Work, consultation: Consultation, seat: SeatId) -> None:
    """Whether one more picture may begin here."""
    held = await work.pictures.held(consultation.id, seat)
    if held.open >= MOST_OPEN or held.of_seat + held.open >= MOST_OF_SEAT or held.stored_octets >= MOST_STORED_OCTETS:
        raise too_many_pictures()
    if consultation.last_entry >= MOST_ENTRIES:
        raise timeline_full()


def _progress(upload: Upload, received: int | None = None) -> Progress:
    return Progress(upload.key, upload.media_type, upload.octets, upload.received if received is None else received)
