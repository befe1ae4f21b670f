"""Real recordings for tests: encoded sound and picture of two people, muxed and sealed by the product's own code.

Each second both people flash white and beep at the same moment of the recording's line, so that any player can be measured by
what it shows and sounds.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np

from common.evidence.signing import Signer, keep_signer
from common.ids import new_id
from recording.container import Muxer
from recording.core.depayload import Frame
from recording.core.manifest import Clock, Consent, Gap, Kind, Manifest, Person, Quality
from recording.folder import Folder
from recording.keys import FileMaster
from recording.sealing import Closed, Sealer

FPS = 10
SIZE = (320, 240)
SEGMENT_S = 4
FLASH_S = 0.2
PictureCodec = Literal["vp8", "h264"]
_ENCODERS: dict[PictureCodec, tuple[str, dict[str, str]]] = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0", "g": "1000"}),
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "1000"}),
}
TONES = (440.0, 660.0)
"""Of the two people, so that it is heard who sounds."""


@dataclass(frozen=True)
class Sealed:
    """A recording on disk and who is in it."""

    folder: Path
    manifest: Manifest
    doctor: str
    patient: str


@dataclass
class Vault:
    """A data folder with its keys."""

    data: Path
    signer: Signer = field(init=False)
    master: FileMaster = field(init=False)

    def __post_init__(self) -> None:
        self.signer = keep_signer(self.data)
        self.master = FileMaster(self.data)

    @property
    def root(self) -> Path:
        return self.data / "recordings"


def seal_recording(
    vault: Vault,
    seconds: int = 12,
    *,
    started_at: float = 1_795_000_000.0,
    consultation: str | None = None,
    hospital: str | None = None,
    doctor: str | None = None,
    patient: str | None = None,
    gaps: tuple[tuple[int, int], ...] = (),
    codecs: tuple[PictureCodec, ...] = ("vp8",),
) -> Sealed:
    """Two people for so many seconds; `gaps` are (from, to), whole segments, without the patient's picture.

    Of several `codecs` the picture has one after the other, as in a room whose codec changed.
    """
    doctor, patient = doctor or new_id("s"), patient or new_id("s")
    first = _first(started_at, consultation or new_id("c"), hospital or new_id("h"), (doctor, patient))
    folder = Folder(vault.root / first.recording)
    sealer = Sealer.begin(folder, first, vault.master, vault.signer)
    try:
        for from_s in range(0, seconds, SEGMENT_S):
            until_s = min(from_s + SEGMENT_S, seconds)
            for index, seat in enumerate((doctor, patient)):
                sealer.seal(_sound(seat, index, from_s, until_s))
                missing = seat == patient and any(begin <= from_s < end for begin, end in gaps)
                if not missing:
                    sealer.seal(_picture(seat, index, from_s, until_s, codecs[from_s * len(codecs) // seconds]))
        told = replace(
            sealer.kept,
            state="sealed",
            duration_ms=seconds * 1000,
            gaps=tuple(Gap(patient, "video", begin * 1000, end * 1000, "network") for begin, end in gaps),
        )
        sealer.publish(told)
        return Sealed(folder.path, sealer.kept, doctor, patient)
    finally:
        sealer.close()


def _first(started_at: float, consultation: str, hospital: str, people: tuple[str, str]) -> Manifest:
    doctor, patient = people
    at_ms = int(started_at * 1000)
    return Manifest(
        format="consilium-recording/1",
        recording=new_id("rec"),
        consultation=consultation,
        hospital=hospital,
        state="open",
        started_at_ms=at_ms,
        duration_ms=0,
        clock=Clock("", 0),
        people=(Person(doctor, "practitioner"), Person(patient, "patient")),
        segments=(),
        gaps=(),
        consents=tuple(Consent(seat, "audio_video", True, at_ms - 1000) for seat in people),
        quality=tuple(Quality(seat, "video", 100, 0, 100, 0) for seat in people),
        key="0" * 16,
        chain="0" * 64,
    )


def _closed(seat: str, kind: Kind, muxer: Muxer, from_s: int, until_s: int) -> Closed:
    return Closed(
        seat=seat,
        kind=kind,
        codec=muxer.codec,
        container=muxer.container,
        start_ms=from_s * 1000,
        duration_ms=(until_s - from_s) * 1000,
        frames=muxer.frames,
        width=muxer.width,
        height=muxer.height,
        file=muxer.close(),
    )


def _sound(seat: str, index: int, from_s: int, until_s: int) -> Closed:
    muxer: Muxer | None = None
    at_us = from_s * 1_000_000
    for data in _opus_packets(TONES[index], from_s, until_s):
        muxer = muxer or Muxer("opus", Frame(0, at_us, True, data, samples=960))
        muxer.add(Frame(0, at_us, True, data, samples=960), at_us, 20_000)
        at_us += 20_000
    assert muxer is not None
    return _closed(seat, "audio", muxer, from_s, until_s)


def _picture(seat: str, index: int, from_s: int, until_s: int, codec: PictureCodec) -> Closed:
    muxer: Muxer | None = None
    for number, (data, key) in enumerate(_frames(index, until_s - from_s, codec)):
        frame = Frame(0, None, key, data, size=SIZE if key else None)
        muxer = muxer or Muxer(codec, frame)
        muxer.add(frame, from_s * 1_000_000 + number * 1_000_000 // FPS, 1_000_000 // FPS)
    assert muxer is not None
    return _closed(seat, "video", muxer, from_s, until_s)


@lru_cache(maxsize=16)
def _frames(index: int, seconds: int, codec: PictureCodec) -> tuple[tuple[bytes, bool], ...]:
    """Whole seconds, each beginning with a white flash; the rest shows the person's own grey and a line that moves."""
    width, height = SIZE
    encoder, options = _ENCODERS[codec]
    container = av.open(io.BytesIO(), "w", format="webm" if codec == "vp8" else "h264")
    stream: Any = container.add_stream(encoder, rate=FPS)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = options
    frames: list[tuple[bytes, bool]] = []
    for number in range(seconds * FPS):
        image = np.full((height, width, 3), 60 + 50 * index, np.uint8)
        image[:, (number * 7) % width] = (200, 160, 40)
        if number % FPS < FLASH_S * FPS:
            image[:] = 255
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = number
        frames += [(bytes(packet), packet.is_keyframe) for packet in stream.encode(frame)]
    frames += [(bytes(packet), packet.is_keyframe) for packet in stream.encode(None)]
    assert len(frames) == seconds * FPS and frames[0][1]
    return tuple(frames)


def _opus_packets(tone: float, from_s: int, until_s: int) -> Iterator[bytes]:
    return iter(_opus(tone, until_s)[from_s * 50 : until_s * 50])


@lru_cache(maxsize=16)
def _opus(tone: float, seconds: int) -> tuple[bytes, ...]:
    """Packets of 20 ms; each second begins with the person's tone. The encoder's delay of 6.5 ms is left in."""
    container = av.open(io.BytesIO(), "w", format="ogg")
    stream = container.add_stream("libopus", rate=48_000, layout="mono")
    stream.options = {"application": "lowdelay"}
    at = np.arange(48_000) / 48_000
    second = np.where(at < FLASH_S, np.sin(2 * np.pi * tone * at) * 12_000, 0).astype(np.int16)
    packets: list[bytes] = []
    for number in range(seconds + 1):
        frame = av.AudioFrame.from_ndarray(second.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * 48_000
        packets += [bytes(packet) for packet in stream.encode(frame)]
    return tuple(packets)
