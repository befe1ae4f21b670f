"""A film in parts is one film: every frame decodes, sound has no seam, flash and beep meet, and a stop costs one part."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import Unavailable
from recording import film, film_worker
from recording.core.manifest import segment_name
from recording.film import Media, Order, Tile, parts_of
from recording.keys import RecordingKeys
from recording.sealing import unseal
from tests.recordings import Sealed, Vault, seal_recording

SECONDS = 16
TILES = (Tile("安宁 Dr An Ning", "此处没有画面"), Tile("白云 Bai Yun", "此处没有画面"))


def media_of(vault: Vault, sealed: Sealed) -> list[Media]:
    keys = RecordingKeys.read((sealed.folder / "key").read_bytes(), sealed.manifest.recording, vault.master)
    return [
        Media(
            0 if each.seat == sealed.doctor else 1,
            each.kind,
            each.start_ms,
            each.end_ms,
            unseal((sealed.folder / segment_name(each.number)).read_bytes(), keys),
        )
        for each in sealed.manifest.segments
    ]


def order(number: int, part: tuple[int, int], media: list[Media]) -> Order:
    began = datetime(2026, 11, 25, 10, 43, tzinfo=UTC)
    return Order(number, *part, SECONDS * 1000, began, "Exported by 1901", TILES, tuple(media))


def made(media: list[Media]) -> bytes:
    return b"".join(film.render(order(number, part, media)) for number, part in enumerate(parts_of(SECONDS * 1000), 1))


def decoded(data: bytes) -> tuple[list[tuple[float, NDArray[Any]]], NDArray[Any]]:
    """(time, picture) of all frames; all samples."""
    with av.open(io.BytesIO(data)) as file:
        pictures = [(float(f.time or 0), f.to_ndarray(format="gray")) for f in file.decode(video=0)]  # type: ignore[union-attr]
    with av.open(io.BytesIO(data)) as file:
        sound = np.concatenate([f.to_ndarray().reshape(-1) for f in file.decode(audio=0)])  # type: ignore[union-attr]
    return pictures, sound


@pytest.mark.timeout(240)
def test_parts_are_one_film_in_step_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault(tmp_path)
    media = media_of(vault, seal_recording(vault, SECONDS, gaps=((8, 12),)))
    pictures, whole = decoded(made(media))
    monkeypatch.setattr(film, "PART_MS", 8000)
    data = made(media)
    assert len(parts_of(SECONDS * 1000)) == 2
    again, sound = decoded(data)
    assert len(again) == len(pictures) == SECONDS * film.FPS
    assert [at for at, _ in again] == pytest.approx([number / film.FPS for number in range(len(again))])
    assert len(sound) == len(whole)
    seam = slice(8 * film.RATE - 2048, 8 * film.RATE + 2048)
    assert np.abs(sound[seam] - whole[seam]).max() < 1e-3
    assert data.count(b"moov") == 1 and b"mehd" in data

    white = [at for (at, now), (_, before) in zip(again[1:], again, strict=False) if now[100, 100] > 200 > before[100, 100]]
    loud = np.abs(sound) > 0.05
    starts = np.flatnonzero(loud & ~np.roll(loud, 1)) / film.RATE
    beeps = [float(starts[starts > second - 0.3].min()) for second in range(1, SECONDS)]
    assert len(white) >= SECONDS - 2
    apart = [min(abs(beep - at) for at in white) for beep in beeps]
    assert max(apart) < 0.08, apart

    gap = next(picture for at, picture in again if at >= 10.5)
    assert gap[200:260, 660:900].max() > 120 and gap[50:150, 700:1200].max() < 80, "where there is no picture it is said"


@pytest.mark.timeout(240)
async def test_a_worker_makes_a_part_and_a_wrong_order_is_a_failure_not_a_crash(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    media = media_of(vault, seal_recording(vault, 4))
    wanted = order(1, (0, 4000), media)
    assert film_worker.decode(io.BytesIO(film_worker.encode(wanted))) == wanted
    part = await film_worker.run(wanted)
    pictures, _ = decoded(part)
    assert len(pictures) == 4 * film.FPS
    broken = [Media(0, "video", 0, 4000, b"\x1a\x45\xdf\xa3" + bytes(5000)), Media(1, "audio", 0, 4000, b"")]
    assert len(decoded(await film_worker.run(order(1, (0, 4000), broken)))[0]) == 4 * film.FPS, "what cannot be read is left out"
    task = asyncio.create_task(film_worker.run(order(1, (0, 64_000), media)))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Unavailable):
        await film_worker.run(Order(1, 0, 0, 0, datetime(2026, 1, 1, tzinfo=UTC), "", (), ()))
