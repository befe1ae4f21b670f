"""`consilium audit` as an auditor uses it, on what a server left behind: with its data folder, and with nothing but files."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from signaling.cli import main
from tests.peers_signaling import walk_in
from tests.services import kept
from tests.signaling_process import Signaling


async def _visits(base: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/api/hospitals") as response:
            hospital = (await response.json())["hospitals"][0]
        for name in ("Bai Yun", "Lin Feng"):
            await walk_in(session, base, hospital["id"], hospital["departments"][0]["id"], name)


@pytest.fixture(scope="module")
def stopped(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The data folder of a server that was used and has stopped: the last it did was to write a checkpoint."""
    server = Signaling(workers=0)
    try:
        server.start()
        asyncio.run(_visits(server.base))
        server.stop()
        yield server.data
    finally:
        server.discard(keep_log_in=kept(request))


@pytest.fixture
def data(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONSILIUM_DATA", str(stopped))
    return stopped


def test_the_trail_of_a_stopped_server_is_good_to_its_last_entry(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("GOOD") and "not covered" not in said, said
    with closing(sqlite3.connect(data / "consilium.sqlite")) as database:
        (number,) = database.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert number >= 2 and f"GOOD  {number} entries" in said


def test_offline_only_files_are_needed_and_the_first_bad_entry_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "trail.jsonl"
    assert main(["audit", "export", str(export)]) == 0
    assert main(["audit", "export", str(export)]) == 2, "an export is never written over"
    key, folder = data / "evidence-key.pub", data / "audit-checkpoints"
    offline = ["audit", "verify", "--export", str(export), "--checkpoints", str(folder), "--public-key", str(key)]
    monkeypatch.setenv("CONSILIUM_DATABASE_URL", "nonsense")  # settings are not even read
    assert main(offline) == 0

    lines = export.read_text().splitlines()
    at = len(lines) // 2
    changed = json.loads(lines[at]) | {"actor": "somebody_else"}
    export.write_text("\n".join([*lines[:at], json.dumps(changed), *lines[at + 1 :]]))
    capsys.readouterr()
    assert main(offline) == 1
    said = capsys.readouterr().out
    assert f"BAD   hospital {changed['hospital']}, entry {changed['position']}: was changed" in said

    export.write_text("\n".join(lines[:-1]))
    assert main(offline) == 1 and "a checkpoint remembers it" in capsys.readouterr().out
    for nonsense in ("no entry\n", "{}\n", '{"position": "x"}\n', "[]\n", "\n"):
        export.write_text(nonsense)
        assert main(offline) == 1 and "line 1 is no entry" in capsys.readouterr().out


def test_what_is_not_there_is_said(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = str(tmp_path / "nowhere")
    for asked in (
        ["verify", "--checkpoints", nowhere],
        ["verify", "--public-key", nowhere],
        ["verify", "--export", nowhere],
        ["grants", "no role"],
    ):
        assert main(["audit", *asked]) == 2
        assert len(capsys.readouterr().out.strip().splitlines()) == 1
    assert main(["audit", "grants", "app"]) == 0
    assert "GRANT SELECT, INSERT ON audit_entry TO app;" in capsys.readouterr().out
