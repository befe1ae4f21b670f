"""A person with a camera and a microphone: real VP8 (or H.264) and Opus, a flash and a beep together once a second."""

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np

from tests.peers.browser import FakeBrowser, Stream
from tests.reference import rtcp
from tests.unit.recording.packets import h264_payloads, vp8_payloads

FPS, SOUND_S = 15, 0.02
PACKETS_A_SECOND = 50
BEEP_S = 0.1
PACKET_BYTES = 1000


class Camera:
    """Frames of a quiet picture, white for the first tenth of each second. `size` may be changed at any time."""

    def __init__(self, codec: str = "vp8", size: tuple[int, int] = (320, 240)) -> None:
        self.codec = codec
        self.size = size
        self._encoder: Any = None

    def frame(self, index: int, at_s: float, *, key: bool) -> tuple[bytes, bool]:
        """One encoded frame, and whether it is a key frame."""
        width, height = self.size
        if self._encoder is None or (self._encoder.width, self._encoder.height) != self.size:
            self._encoder = self._make()
        luma = 235 if at_s % 1.0 < BEEP_S else 40 + index % 8
        pixels = np.full((height * 3 // 2, width), 128, np.uint8)
        pixels[:height] = luma
        frame = av.VideoFrame.from_ndarray(pixels, "yuv420p")
        frame.pts = index
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        packets = self._encoder.encode(frame)
        return b"".join(bytes(each) for each in packets), any(each.is_keyframe for each in packets)

    def _make(self) -> Any:
        encoder: Any = av.CodecContext.create("libvpx" if self.codec == "vp8" else "libx264", "w")
        encoder.width, encoder.height = self.size
        encoder.pix_fmt, encoder.time_base, encoder.gop_size = "yuv420p", Fraction(1, FPS), 100_000
        encoder.thread_count = 1  # threads of so small a picture wait for each other: twenty times the cost
        encoder.options = (
            {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
            if self.codec == "vp8"
            else {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "x264-params": "repeat-headers=1"}
        )
        return encoder


class Microphone:
    """20 ms packets: 1 kHz for the first tenth of each second, else silence."""

    def __init__(self) -> None:
        self._encoder: Any = av.CodecContext.create("libopus", "w")
        self._encoder.sample_rate, self._encoder.layout, self._encoder.format = 48_000, "mono", "s16"
        self._encoder.options = {"application": "lowdelay", "frame_duration": "20"}
        self._at = 0

    def packet(self, at_s: float) -> bytes:
        steps = np.arange(960) / 48_000 + at_s
        wave = (np.sin(2 * np.pi * 1000 * steps) * 20_000 * (steps % 1.0 < BEEP_S)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, self._at
        self._at += 960
        return b"".join(bytes(each) for each in self._encoder.encode(frame))


@dataclass
class Talker:
    """Sends in real time until `stop`. Sound and picture are of one clock, as a browser's are."""

    browser: FakeBrowser
    camera: Camera = field(default_factory=Camera)
    loss: float = 0.0
    muted: bool = False
    """Nothing is sent of the sound, and its RTP clock stands still, as after `replaceTrack(null)`."""
    key_frames: int = 0
    cut_beeps: int = 0
    """Beeps whose first packet `loss` took: what follows is quieter for up to all of the beep, as a decoder of Opus has it
    (RFC 6716, 4.3.2.1: its loudness is told as the difference from the packet before)."""
    late_s: float = 0.0
    """The most that anything was sent later than it should have been: a busy machine's part in what is measured."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _random: secrets.SystemRandom = field(default_factory=secrets.SystemRandom)

    def start(self) -> None:
        self._began = time.monotonic()
        self._tasks = [asyncio.create_task(work) for work in (self._speak(), self._show())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _speak(self) -> None:
        microphone, stream = Microphone(), self.browser.streams["audio"]
        for index in range(1_000_000):
            at_s = index * SOUND_S
            await self._until(at_s)
            payload = microphone.packet(at_s)
            if self.muted:
                continue
            sent = await self._send(stream, payload, marker=False)
            self.cut_beeps += not sent and index % PACKETS_A_SECOND == 0
            stream.timestamp = (stream.timestamp + 960) % (1 << 32)

    async def _show(self) -> None:
        stream = self.browser.streams["video"]
        base = stream.timestamp
        for index in range(1_000_000):
            at_s = index / FPS
            await self._until(at_s)
            asked = any(isinstance(each, rtcp.PictureLoss) for each in self.browser.feedback)
            self.browser.feedback.clear()
            data, key = self.camera.frame(index, at_s, key=asked or index == 0)
            self.key_frames += key
            stream.timestamp = (base + round(at_s * 90_000)) % (1 << 32)
            payloads = self._payloads(stream, data)
            for place, payload in enumerate(payloads):
                await self._send(stream, payload, marker=place == len(payloads) - 1)

    def _payloads(self, stream: Stream, data: bytes) -> list[bytes]:
        if self.camera.codec == "vp8":
            stream.picture = (stream.picture + 1) % (1 << 15)
            return vp8_payloads(data, stream.picture, PACKET_BYTES)
        units = [unit for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
        return h264_payloads(units, PACKET_BYTES)

    async def _send(self, stream: Stream, payload: bytes, *, marker: bool) -> bool:
        """Whether it was sent, and not lost."""
        if self.loss and self._random.random() < self.loss:
            stream.sequence = (stream.sequence + 1) % (1 << 16)
            return False
        with contextlib.suppress(ConnectionError):
            await self.browser._send(stream, payload, marker=marker)
        return True

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, self._began + at_s - time.monotonic()))
        self.late_s = max(self.late_s, time.monotonic() - self._began - at_s)
