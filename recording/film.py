"""A part of an exported film: everybody side by side, names and clock burned in, one sound. H.264 and AAC in fragmented MP4.

It decides the layout and how parts fit together; it knows no key, file or person: names come as texts. Each part is encoded by
itself, so that a film goes on where it stopped, and all of them in order, without their own beginnings, are one film: parts are
whole numbers of video frames and of AAC frames, and sound is encoded a little beyond both ends, so that no seam is heard (the
overlap of AAC's transform, ISO/IEC 14496-3, 4.6.11, finds the same samples on both sides).
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

FPS = 20
RATE = 48_000
AAC_SAMPLES = 1024
PART_MS = 64_000
"""1,280 video frames and 3,000 AAC frames exactly; some 8 MB and a minute of one core's work."""
ROLL_SAMPLES = 2 * AAC_SAMPLES
ROLL_MS = 100
"""How much more of the sound a part needs at both ends: at least ROLL_SAMPLES."""
TILE_W, TILE_H = 640, 480
FOOT_H = 40
_PAPER, _INK, _ROOM = (241, 247, 250), (30, 26, 24), (38, 34, 30)  # BGR
_TEXT_PX = 20

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Media:
    """One segment in the clear: `seat` is an index into the order's tiles."""

    tile: int
    kind: str
    start_ms: int
    end_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Tile:
    """Somebody's place in the picture. `empty` is the sentence shown where there is no picture of them."""

    name: str
    empty: str


@dataclass(frozen=True, slots=True)
class Order:
    """One part: `number` from 1, [from_ms, to_ms) of the recording's line, which began at `began` (with its zone)."""

    number: int
    from_ms: int
    to_ms: int
    total_ms: int
    began: datetime
    mark: str
    tiles: tuple[Tile, ...]
    media: tuple[Media, ...]


def parts_of(duration_ms: int) -> list[tuple[int, int]]:
    """The parts of a film of this length: [from, to) in ms, the last one as short as whole frames allow."""
    frames = max(1, -(-duration_ms * FPS // 1000))
    end_ms = frames * 1000 // FPS
    return [(at, min(at + PART_MS, end_ms)) for at in range(0, end_ms, PART_MS)]


def render(order: Order) -> bytes:
    """The part's MP4: for the first with its beginning (ftyp, moov), for the others without. Raises av.error.FFmpegError."""
    file = io.BytesIO()
    with av.open(
        file,
        "w",
        format="mp4",
        options={
            "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer",
            "fragment_index": str(1 + (order.number - 1) * PART_MS // 1000),
            "avoid_negative_ts": "disabled",
            "use_editlist": "0",
        },
    ) as out:
        video = _video_stream(out, order)
        audio: Any = out.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 64_000
        sound = list(_sound_packets(audio, order))
        at = 0
        for packet in _video_packets(video, order):
            while at < len(sound) and sound[at].pts * sound[at].time_base <= packet.pts * packet.time_base:
                out.mux(sound[at])
                at += 1
            out.mux(packet)
        for packet in sound[at:]:
            out.mux(packet)
    return _told_length(file.getvalue(), order.total_ms) if order.number == 1 else _without_beginning(file.getvalue())


def _video_stream(out: Any, order: Order) -> Any:
    columns, rows = _grid(len(order.tiles))
    stream = out.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = columns * TILE_W, rows * TILE_H + FOOT_H, "yuv420p"
    stream.time_base = Fraction(1, FPS)
    stream.gop_size = 2 * FPS
    stream.codec_context.thread_count = 1  # calls go first
    stream.options = {"preset": "veryfast", "crf": "26", "bf": "0", "threads": "1"}
    return stream


def _grid(tiles: int) -> tuple[int, int]:
    return (max(1, tiles), 1) if tiles <= 2 else (2, -(-tiles // 2))


def _video_packets(stream: Any, order: Order) -> Iterator[Any]:
    canvas = _Canvas(order)
    first = order.from_ms * FPS // 1000
    for number in range(first, order.to_ms * FPS // 1000):
        frame = av.VideoFrame.from_ndarray(canvas.at(number * 1000 // FPS), format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield from stream.encode(frame)
    yield from stream.encode(None)


class _Canvas:
    """The picture at a time; times only go on."""

    def __init__(self, order: Order) -> None:
        self._order = order
        columns, rows = _grid(len(order.tiles))
        self._image: Image = np.full((rows * TILE_H + FOOT_H, columns * TILE_W, 3), _ROOM, np.uint8)
        self._font = cv2.FontFace("uni")  # holds Chinese: the same in every container (docs/adr/0037)
        self._players = [_Player(order, index) for index in range(len(order.tiles))]
        self._shown: list[Image | None] = [None] * len(order.tiles)
        self._first_ms, self._second = order.from_ms, -1

    def at(self, at_ms: int) -> Image:
        for index, player in enumerate(self._players):
            picture = player.at(at_ms)
            if at_ms > self._first_ms and picture is self._shown[index]:
                continue
            self._draw(index, picture)
            self._shown[index] = picture
        if at_ms // 1000 != self._second:
            self._second = at_ms // 1000
            self._draw_foot(at_ms)
        return self._image

    def _draw(self, index: int, picture: Image | None) -> None:
        columns, _ = _grid(len(self._order.tiles))
        top, left = index // columns * TILE_H, index % columns * TILE_W
        area = self._image[top : top + TILE_H, left : left + TILE_W]
        area[:] = _ROOM
        tile = self._order.tiles[index]
        if picture is None:
            self._write(area, tile.empty, (24, TILE_H // 2), (190, 196, 200))
        else:
            height, width = picture.shape[:2]
            scale = min(TILE_W / width, TILE_H / height)
            size = max(1, round(width * scale)), max(1, round(height * scale))
            y, x = (TILE_H - size[1]) // 2, (TILE_W - size[0]) // 2
            area[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        bar = area[TILE_H - 34 :, :]
        bar[:] = (bar * 0.35).astype(np.uint8)
        self._write(area, tile.name, (12, TILE_H - 10), (255, 255, 255))

    def _draw_foot(self, at_ms: int) -> None:
        foot = self._image[-FOOT_H:]
        foot[:] = _PAPER
        clock = (self._order.began + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%d %H:%M:%S %z")
        minutes, seconds = divmod(at_ms // 1000, 60)
        self._write(foot, f"{clock}   {minutes:02d}:{seconds:02d}", (12, 27), _INK)
        if foot.shape[1] > TILE_W:
            self._write(foot, self._order.mark, (TILE_W + 12, 27), _INK)

    def _write(self, area: Image, text: str, where: tuple[int, int], colour: tuple[int, int, int]) -> None:
        # Drawn on a copy: OpenCV wants contiguous memory, and a cut of the picture is not.
        drawn = np.ascontiguousarray(area)
        cv2.putText(drawn, text, where, colour, self._font, _TEXT_PX, 500)
        area[:] = drawn


class _Player:
    """One person's picture at a time: the latest frame that began, as long as its segment lasts."""

    def __init__(self, order: Order, tile: int) -> None:
        segments = [each for each in order.media if each.tile == tile and each.kind == "video"]
        self._frames = _frames(sorted(segments, key=lambda each: each.start_ms))
        self._next = next(self._frames, None)
        self._now: tuple[float, float, Image] | None = None

    def at(self, at_ms: int) -> Image | None:
        while self._next is not None and self._next[0] <= at_ms:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is None or at_ms >= self._now[1]:
            return None
        return self._now[2]


def _opened(segment: Media) -> Any:
    return av.open(io.BytesIO(segment.data))


def _frames(segments: list[Media]) -> Iterator[tuple[float, float, Image]]:
    """(when it begins, when its segment ends, picture); what cannot be decoded is left out."""
    for segment in segments:
        try:
            with _opened(segment) as file:
                for frame in file.decode(video=0):
                    if frame.time is not None:
                        yield frame.time * 1000, float(segment.end_ms), frame.to_ndarray(format="bgr24")
        except av.error.FFmpegError:
            continue


def _sound_packets(stream: Any, order: Order) -> Iterator[Any]:
    """The AAC packets that lie in the part, from samples that reach beyond it."""
    first, last = order.from_ms * RATE // 1000, order.to_ms * RATE // 1000
    begin = max(0, first - ROLL_SAMPLES)
    mixed = _mixed(order, begin, last + ROLL_SAMPLES)
    for at in range(0, len(mixed), AAC_SAMPLES):
        block = mixed[at : at + AAC_SAMPLES]
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, begin + at, Fraction(1, RATE)
        yield from (packet for packet in stream.encode(frame) if first <= packet.pts < last)
    yield from (packet for packet in stream.encode(None) if first <= packet.pts < last)


def _mixed(order: Order, begin: int, end: int) -> NDArray[np.float32]:
    """Everybody's sound of these samples of the line, added up."""
    mixed = np.zeros(end - begin, np.float32)
    for segment in order.media:
        if segment.kind != "audio":
            continue
        for at, samples in _sound(segment):
            low, high = max(at, begin), min(at + len(samples), end)
            if low < high:
                mixed[low - begin : high - begin] += samples[low - at : high - at]
    return np.clip(mixed, -1.0, 1.0)


def _sound(segment: Media) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(sample of the line, samples): each frame where its own time says, so that a silence that was not sent stays one."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    try:
        with _opened(segment) as file:
            for frame in file.decode(audio=0):
                if frame.time is None:
                    continue
                at = round(frame.time * RATE)
                for plain in resampler.resample(frame):
                    samples: NDArray[np.float32] = plain.to_ndarray().reshape(-1).astype(np.float32)
                    yield at, samples
                    at += len(samples)
    except av.error.FFmpegError:
        return


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, begin, end) of the boxes at the top (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16])
        if size < 8:
            return
        yield data[at + 4 : at + 8], at, min(at + size, len(data))
        at += size


def _without_beginning(data: bytes) -> bytes:
    """Only the fragments: the film's first part has the beginning of all of them."""
    return b"".join(data[begin:end] for kind, begin, end in _boxes(data) if kind in (b"moof", b"mdat"))


def _told_length(data: bytes, total_ms: int) -> bytes:
    """With the film's whole length in moov (mehd, ISO/IEC 14496-12, 8.8.2), which the first part cannot know by itself."""
    (moov,) = ((begin, end) for kind, begin, end in _boxes(data) if kind == b"moov")
    head = data[moov[0] : moov[1]]
    at = head.index(b"mvex") - 4
    scale = int.from_bytes(head[head.index(b"mvhd") + 16 :][:4])
    mehd = (20).to_bytes(4) + b"mehd" + b"\x01\x00\x00\x00" + (total_ms * scale // 1000).to_bytes(8)
    inside = int.from_bytes(head[at : at + 4]) + len(mehd)
    longer = head[:at] + inside.to_bytes(4) + b"mvex" + mehd + head[at + 8 :]
    return data[: moov[0]] + len(longer).to_bytes(4) + longer[4:] + data[moov[1] :]
