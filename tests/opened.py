"""Looking into a recording as somebody who has the keys: everything decoded, flashes and beeps found, ffprobe asked."""

import io
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from common.evidence.signing import load_verifier
from recording.core import manifest as manifests
from recording.core.manifest import Manifest, Segment, segment_name
from recording.folder import KEY, MANIFEST
from recording.keys import FileMaster, RecordingKeys
from recording.sealing import unseal
from recording.verify import FolderFiles, verify
from tests.processes import program

LOUD, BRIGHT = 3000, 150


@dataclass
class Seen:
    """One track, decoded: times are seconds of the recording's line."""

    frames: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    onsets: list[float] = field(default_factory=list)
    """Of flashes, or of beeps."""
    dark: list[float] = field(default_factory=list)
    """Of each flash, how long before its first frame the last dark one was: so much later than it was sent it may seem."""
    sizes: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Opened:
    manifest: Manifest
    files: dict[int, bytes]
    """Plaintext of the segments, by number."""

    def segments(self, seat: str, kind: str) -> list[Segment]:
        return [line for line in self.manifest.segments if (line.seat, line.kind) == (seat, kind)]

    def seen(self, seat: str, kind: str) -> Seen:
        """Decodes every frame; raises what a decoder raises. Each segment is opened by itself."""
        seen, active = Seen(), False
        for line in self.segments(seat, kind):
            frames = 0
            with av.open(io.BytesIO(self.files[line.number]), "r") as container:
                stream: Any = container.streams[0]
                stream.codec_context.options = {"err_detect": "explode"}
                for frame in container.decode(stream):
                    frames += 1
                    assert frame.time is not None
                    active = _look(seen, frame, active)
            assert frames == line.frames, f"{frames} of {line.frames} frames of segment {line.number} could be decoded"
        return seen


def _look(seen: Seen, frame: Any, active: bool) -> bool:
    since = frame.time - seen.last_s if seen.frames else float("inf")
    seen.first_s = frame.time if seen.frames == 0 else seen.first_s
    seen.frames, seen.last_s = seen.frames + 1, frame.time
    if isinstance(frame, av.VideoFrame):
        size = (frame.width, frame.height)
        if size not in seen.sizes[-1:]:
            seen.sizes.append(size)
        now = float(frame.to_ndarray(format="gray").mean()) > BRIGHT
        if now and not active:
            seen.onsets.append(frame.time)
            seen.dark.append(since)
        return now
    samples = np.abs(frame.to_ndarray().astype(np.float64)).max(axis=0)
    loud = samples * (32_768 if samples.max(initial=0) <= 1.5 else 1) > LOUD
    if loud.any() and not active and frame.time - (seen.onsets[-1] if seen.onsets else -1) > 0.5:
        seen.onsets.append(frame.time + int(loud.argmax()) / 48_000)
    return bool(loud.any())


def open_recording(data: Path, recording: str) -> Opened:
    """Verifies it with the public key alone, then opens it with the master key."""
    path = data / "recordings" / recording
    verdict = verify(FolderFiles(path), load_verifier(data / "evidence-key.pub"), recording)
    assert verdict.problem is None, verdict.problem
    manifest = manifests.decode((path / MANIFEST).read_bytes())
    keys = RecordingKeys.read((path / KEY).read_bytes(), recording, FileMaster(data))
    files = {line.number: unseal((path / segment_name(line.number)).read_bytes(), keys) for line in manifest.segments}
    return Opened(manifest, files)


def probe(file: bytes, folder: Path) -> dict[str, Any]:
    """What ffprobe says of a plaintext segment, every frame read; raises when it says a word of error."""
    path = folder / "segment"
    path.write_bytes(file)
    command = [program("ffprobe"), "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def apart(beeps: list[float], flashes: list[float]) -> list[float]:
    """How far each flash is from its beep, in seconds; those without one are left out."""
    return [min((beep - flash for beep in beeps), key=abs) for flash in flashes if any(abs(beep - flash) < 0.5 for beep in beeps)]
