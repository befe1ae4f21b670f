"""Recordings on a real disk for tests: made segment by segment, without a call."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from common.evidence.signing import Signer, keep_signer
from common.ids import new_id
from recording.core.manifest import Clock, Manifest, Person
from recording.folder import KEY, Folder
from recording.keys import FileMaster, RecordingKeys
from recording.sealing import Closed, Sealer


def first_manifest(recording: str, *seats: str) -> Manifest:
    """What a recording begins with."""
    return Manifest(
        format="consilium-recording/1",
        recording=recording,
        consultation=new_id("c"),
        hospital=new_id("h"),
        state="open",
        started_at_ms=1_790_000_000_000,
        duration_ms=0,
        clock=Clock("", 0),
        people=tuple(Person(seat, "") for seat in seats),
        segments=(),
        gaps=(),
        consents=(),
        quality=(),
        key="00" * 8,
        chain="00" * 32,
    )


@dataclass
class House:
    """A data folder with its keys."""

    data: Path
    signer: Signer = field(init=False)
    master: FileMaster = field(init=False)
    seats: tuple[str, str] = field(default_factory=lambda: (new_id("s"), new_id("s")))

    def __post_init__(self) -> None:
        self.signer, self.master = keep_signer(self.data), FileMaster(self.data)

    def begin(self) -> tuple[Sealer, Path]:
        recording = new_id("r")
        path = self.data / "recordings" / recording
        return Sealer.begin(Folder(path), first_manifest(recording, *self.seats), self.master, self.signer), path

    def closed(self, number: int, file: bytes = b"segment " * 20_000) -> Closed:
        seat = self.seats[number % 2]
        return Closed(seat, "audio", "opus", "webm", number * 5000, 5000, 250, 0, 0, file + number.to_bytes(4, "big"))

    def begin_with(self, *, shared: bool) -> Path:
        """One person's sound, then picture; `shared`: under one key, as earlier versions sealed. It is not over."""
        sealer, path = self.begin()
        if shared:
            keys = RecordingKeys.read((path / KEY).read_bytes(), path.name, self.master)
            keys.add_person(self.seats[0])
            (path / KEY).write_bytes(keys.text)
            sealer.close()
            sealer = Sealer.go_on(Folder(path), path.name, self.master, self.signer)
        sealer.seal(self.closed(0))
        sealer.seal(replace(self.closed(2), kind="video", codec="vp8"))
        sealer.publish(sealer.kept)
        sealer.close()
        return path

    def recorded(self, count: int = 6, *, over: bool = True) -> Path:
        """A recording of so many segments of 160 kB."""
        sealer, path = self.begin()
        for number in range(count):
            sealer.seal(self.closed(number))
        state = "sealed" if over else "open"
        sealer.publish(_with_state(sealer.kept, state))
        sealer.close()
        return path


def _with_state(kept: Manifest, state: str) -> Manifest:
    return replace(kept, state=state)  # type: ignore[arg-type]
