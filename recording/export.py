"""Films of recordings: made in the background, one at a time for the whole installation, part by part, and gone after a day.

It decides what a film is made of and what is left of it: parts, each sealed under a key of the recording's own key file (so that
destroying the recording destroys its films), never a plaintext on a disk. A process that stops, or dies, leaves the parts that
are done; whoever takes the export next goes on after them.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag

from common.clock import Clock
from common.errors import ConsiliumError, Unavailable, UserError
from common.evidence.entry import AuditEntry
from recording import film_worker
from recording.catalog.exports import Exports
from recording.catalog.sql import Catalog
from recording.core.manifest import Segment
from recording.film import ROLL_MS, Media, Order, Tile, parts_of
from recording.folder import NEW, disk
from recording.reading import Opened, Shelf, in_thread
from recording.records import Export, ExportState, Recording

log = structlog.get_logger()
KEPT_S = 86_400.0
BEAT_S = 5.0
_NONCE_BYTES = 12
_WAIT_S = 2.0
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in the picture: a name for each seat, the sentence where there is no picture, the mark of who exported it."""

    names: dict[str, str]
    empty: str
    mark: str
    zone: tzinfo


WordsOf = Callable[[Export, Recording, Opened], Awaitable[Words]]


class Films:
    """The job and the films that stand. `words` names people in the export's language."""

    def __init__(
        self, exports: Exports, catalog: Catalog, shelf: Shelf, words: WordsOf, *, folder: Path, node: str, clock: Clock
    ) -> None:
        self.exports = exports
        self._catalog = catalog
        self._shelf = shelf
        self._words = words
        self._folder = folder
        self._node = node
        self._clock = clock

    async def look(self) -> int:
        """Makes the next film that waits, if this process gets it; removes those whose day is over. Returns how many it made."""
        for old in await self.exports.over(self._clock.now()):
            await self.forget(old)
        export = await self.exports.take(self._node, self._clock.now())
        if export is None:
            return 0
        try:
            await self._make(export)
        except asyncio.CancelledError:
            await asyncio.shield(self.exports.hand_back(export.id, self._node))
            raise
        except (ConsiliumError, FileNotFoundError) as error:
            code = error.code if isinstance(error, ConsiliumError) else "recording_elsewhere"
            log.warning("film not made", export=export.id, code=code)
            await self._end(replace(export, state=ExportState.FAILED, trouble=code), "export_failed", code)
        return 1

    async def drop(self, recording: Recording) -> None:
        """Every film of a recording, made or under way: before the recording itself is destroyed."""
        for export in await self.exports.of_recording(recording.id):
            await self.forget(export)

    async def forget(self, export: Export) -> None:
        """Removes a film."""
        await asyncio.to_thread(self._remove, export.id)
        entry = AuditEntry(self._clock.now(), export.hospital, "system", "export_deleted", export.recording)
        await self.exports.forget(export.id, entry)

    async def stream(self, export: Export, recording: Recording) -> AsyncIterator[bytes]:
        """The film, a part after the other, each decrypted as it is sent.

        Unavailable: film_elsewhere (another host made it), film_damaged."""
        opened = await self._shelf.open(recording)
        for number in range(1, export.parts + 1):
            yield await in_thread(lambda number=number: self._read(export.id, number, opened))  # type: ignore[misc]

    async def _make(self, export: Export) -> None:
        recording = await self._catalog.recording(export.recording)
        if recording is None:
            raise UserError("not_found", "There is no such recording.")
        opened = await self._shelf.open(recording)
        words = await self._words(export, recording, opened)
        parts = parts_of(opened.manifest.duration_ms)
        octets = 0
        for number, (from_ms, to_ms) in enumerate(parts, start=1):
            size = await asyncio.to_thread(self._size, export.id, number)
            if size is None:
                order = await in_thread(lambda at=(number, from_ms, to_ms): _order(at, opened, words))  # type: ignore[misc]
                made = await self._beating(export, number - 1, len(parts), order)
                size = await asyncio.to_thread(self._write, export.id, number, made, opened)
            octets += size
            if not await self.exports.beat(export.id, self._node, self._clock.now(), number, len(parts)):
                raise UserError("export_called_off", "Nobody wants this film any more.")
        ready = replace(
            export,
            state=ExportState.READY,
            done=len(parts),
            parts=len(parts),
            octets=octets,
            expires_at=self._clock.now() + KEPT_S,
            trouble="",
        )
        await self._end(ready, "export_ready", export.purpose.value)
        log.info("film made", export=export.id, parts=len(parts), octets=octets)

    async def _beating(self, export: Export, done: int, parts: int, order: Order) -> bytes:
        """Has a part made, saying meanwhile that this process lives."""
        making = asyncio.create_task(self._tried(order))
        try:
            while not (await asyncio.wait({making}, timeout=BEAT_S))[0]:
                if not await self.exports.beat(export.id, self._node, self._clock.now(), done, parts):
                    raise UserError("export_called_off", "Nobody wants this film any more.")
            return making.result()
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _tried(self, order: Order) -> bytes:
        """A worker that was killed (the machine's memory was short) is tried again; one that fails thrice is a failure."""
        for attempt in range(_RETRIES):
            try:
                return await film_worker.run(order)
            except Unavailable:
                if attempt + 1 == _RETRIES:
                    raise
                await asyncio.sleep(_WAIT_S)
        raise AssertionError("unreachable")

    async def _end(self, export: Export, act: str, reason: str) -> None:
        ended = replace(export, expires_at=self._clock.now() + KEPT_S)
        entry = AuditEntry(self._clock.now(), export.hospital, "system", act, export.recording, reason)
        if not await self.exports.finish(ended, self._node, entry) or ended.state is ExportState.FAILED:
            await asyncio.to_thread(self._remove, export.id)

    def _path(self, export: str, number: int) -> Path:
        return self._folder / export / f"{number:05d}.part"

    def _size(self, export: str, number: int) -> int | None:
        try:
            return self._path(export, number).stat().st_size
        except FileNotFoundError:
            return None

    def _write(self, export: str, number: int, part: bytes, opened: Opened) -> int:
        cipher = opened.keys.person(opened.manifest.consultation)
        if cipher is None:
            raise Unavailable("person_erased", "The key that films are sealed with was destroyed.")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, part, _bound(export, number))
        path = self._path(export, number)
        draft = path.with_name(path.name + NEW)
        with disk():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_bytes(sealed)
            draft.replace(path)
        return len(sealed)

    def _read(self, export: str, number: int, opened: Opened) -> bytes:
        try:
            sealed = self._path(export, number).read_bytes()
        except FileNotFoundError as fault:
            raise Unavailable("film_elsewhere", "Another host made this film.") from fault
        cipher = opened.keys.person(opened.manifest.consultation)
        try:
            if cipher is None:
                raise InvalidTag
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(export, number))
        except InvalidTag as fault:
            raise Unavailable("film_damaged", "A part of the film was changed.") from fault

    def _remove(self, export: str) -> None:
        with disk():
            if (self._folder / export).is_dir():
                shutil.rmtree(self._folder / export)


def _bound(export: str, number: int) -> bytes:
    return b"consilium-film/1\x00" + export.encode() + b"\x00" + str(number).encode()


def _order(at: tuple[int, int, int], opened: Opened, words: Words) -> Order:
    """The part's order with its media in the clear; blocks. What a person's destroyed key hides is left out."""
    number, from_ms, to_ms = at
    told = opened.manifest
    seats = [each.seat for each in told.people]
    media: list[Media] = []
    for segment in told.segments:
        if segment.seat in seats and segment.start_ms < to_ms + ROLL_MS and segment.end_ms > from_ms - ROLL_MS:
            media += _medium(segment, seats.index(segment.seat), opened)
    return Order(
        number=number,
        from_ms=from_ms,
        to_ms=to_ms,
        total_ms=told.duration_ms,
        began=datetime.fromtimestamp(told.started_at_ms / 1000, UTC).astimezone(words.zone),
        mark=words.mark,
        tiles=tuple(Tile(words.names.get(seat, ""), words.empty) for seat in seats),
        media=tuple(media),
    )


def _medium(segment: Segment, tile: int, opened: Opened) -> list[Media]:
    try:
        data = opened.plaintext(segment.number)
    except Unavailable as error:
        if error.code != "person_erased":
            raise
        return []
    return [Media(tile, segment.kind, segment.start_ms, segment.end_ms, data)]
