"""The archive from outside: a consultation that is over, its sealed recording, and who may do what with it."""

import asyncio
import io
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import av
import pytest

from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_timeline import paired, post
from tests.peers_signaling import CSRF
from tests.recordings import Sealed, Vault, seal_recording
from tests.signaling_process import Signaling


@dataclass
class Archived:
    """A consultation that ended and was recorded, as the catalog has it."""

    sealed: Sealed
    consultation: str
    patient_cookie: str
    patient_seat: str

    @property
    def id(self) -> str:
        return self.sealed.manifest.recording


class Staff:
    """Somebody of the staff with a browser."""

    def __init__(self, visitors: Visitors, cookie: str) -> None:
        self._session = visitors.session
        self._base = visitors.server.base
        self.cookie = cookie

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        said = {"Cookie": self.cookie, **CSRF, **headers}
        async with self._session.request(method, self._base + path, json=body, headers=said) as response:
            kind = response.content_type
            return response.status, await (response.json() if kind == "application/json" else response.read())

    async def found(self, **search: object) -> list[dict[str, Any]]:
        status, page = await self.ask("POST", "/api/archive/search", search)
        assert status == 200, page
        lines: list[dict[str, Any]] = page["recordings"]
        return lines


async def staff(visitors: Visitors, staff_number: str) -> Staff:
    return Staff(visitors, await visitors.sign_in(staff_number))


async def archived(visitors: Visitors, archivist: Staff, seconds: int = 8) -> Archived:
    """Plays a consultation with a text, ends it, seals a recording of it, and waits for the archive to have it."""
    async with paired(visitors) as (patient, doctor, seat, own):
        await post(patient.person, seat, 1, "I cough at night")
        state = patient.person.states["seat_state"]
        consultation, cookie = state["consultation"], patient.person._cookie
        began = time.time()
        assert (await doctor.person.ask("consultation_end", {"seat": own}))["ok"]
    hospital = str((await visitors.hospital())["id"])
    vault = Vault(visitors.server.data)
    sealed = seal_recording(
        vault, seconds, started_at=began, consultation=consultation, hospital=hospital, doctor=own, patient=seat
    )

    async def there() -> bool:
        return bool(await archivist.found(consultation=consultation))

    for _ in range(100):
        if await there():
            return Archived(sealed, consultation, cookie, seat)
        await asyncio.sleep(0.2)
    raise AssertionError("the recording did not come into the archive")


def acts(server: Signaling, subject: str) -> list[tuple[str, str]]:
    """What the audit says of a subject: (act, reason), in order."""
    with sqlite3.connect(server.data / "consilium.sqlite") as database:
        rows = database.execute("SELECT act, reason FROM audit_entry WHERE subject = ? ORDER BY id", (subject,))
        return [(act, reason) for act, reason in rows]


@pytest.fixture
async def archivist(visitors: Visitors) -> Staff:
    return await staff(visitors, "1901")


async def test_found_played_with_a_reason_and_decoded(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    (line,) = await archivist.found(name="bai y")
    assert line["recording"] == one.id and line["patient"] == "Bai Yun" and line["state"] == "sealed"
    status, play = await archivist.ask(
        "POST", f"/api/archive/recordings/{one.id}/plays", {"purpose": "complaint", "note": "2026-118"}
    )
    assert status == 201 and play["staff_number"] == "1901"
    assert [entry["text"] for entry in play["timeline"] if entry["kind"] == "text"] == ["I cough at night"]
    assert {person["role"]: person["name"]["en"] for person in play["people"]} == {
        "practitioner": "Dr An Ning", "patient": "Bai Yun",
    }  # fmt: skip
    frames = 0
    for segment in play["segments"]:
        path = f"/api/archive/plays/{play['play']}/segments/{segment['number']}"
        status, data = await archivist.ask("GET", path)
        assert status == 200
        with av.open(io.BytesIO(data)) as file:
            decoded = list(file.decode(file.streams[0]))  # type: ignore[union-attr]
        assert abs(decoded[0].time * 1000 - segment["start_ms"]) <= 1
        frames += len(decoded)
        status, part = await archivist.ask("GET", path, Range="bytes=10-19")
        assert status == 206 and part == data[10:20]
        assert (await archivist.ask("GET", path, Range="bytes=99999999-"))[0] == 416
    assert frames == sum(segment.frames for segment in one.sealed.manifest.segments)
    assert ("recording_played", "complaint") in acts(visitors.server, one.id)
    raw = b"".join(file.read_bytes() for file in visitors.server.data.rglob("*") if file.is_file() and "sqlite" not in file.name)
    assert b"\x1a\x45\xdf\xa3" not in raw and b"I cough at night" not in raw, "plaintext lies on the disk"


async def test_who_may_not_is_refused_and_noted(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    play = {"purpose": "quality"}
    elsewhere, coordinator = await staff(visitors, "2001"), await staff(visitors, "1900")
    administrator, colleague = await staff(visitors, "1902"), await staff(visitors, "1003")
    own = await staff(visitors, "1001")
    path = f"/api/archive/recordings/{one.id}/plays"
    assert (await elsewhere.ask("POST", path, play))[0] == 404, "another hospital's"
    assert (await colleague.ask("POST", path, play))[0] == 404, "another doctor's"
    assert (await coordinator.ask("POST", path, play))[0] == 403
    assert (await administrator.ask("POST", path, play))[0] == 403, "who keeps order does not watch"
    assert (await coordinator.ask("POST", "/api/archive/search", {}))[0] == 403
    assert (await administrator.ask("POST", "/api/archive/search", {"name": "Bai"}))[0] == 403
    assert all(line["patient"] is None for line in await administrator.found())
    assert await elsewhere.found() == [] and await colleague.found() == []
    assert one.id in {line["recording"] for line in await own.found()}
    status, granted = await own.ask("POST", path, play)
    assert status == 201
    stolen = f"/api/archive/plays/{granted['play']}/segments/1"
    assert (await archivist.ask("GET", stolen))[0] == 403, "another's grant"
    assert (await Staff(visitors, "").ask("GET", stolen))[0] == 401
    refused = [act for act in acts(visitors.server, one.id) if act[0] == "archive_refused"]
    assert refused == [("archive_refused", reason) for reason in ("play_not_found", "play_not_found", "play", "play")]
    for odd in ("x", "0", "999999", "1e3", "%00", "..%2f1"):
        assert (await own.ask("GET", f"/api/archive/plays/{granted['play']}/segments/{odd}"))[0] in (403, 404)
    assert (await own.ask("POST", path, {"purpose": "curiosity"}))[0] == 400
    assert (await own.ask("POST", "/api/archive/search", {"after": "1~'; DROP TABLE recording"}))[0] == 400


async def test_altered_is_named_and_a_hold_stands_until_released(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    base = f"/api/archive/recordings/{one.id}"
    status, told = await archivist.ask("POST", f"{base}/verifications")
    assert status == 200 and told["line"]["state"] == "verified"
    assert told["line"]["verified_segments"] == told["line"]["segments"] == len(one.sealed.manifest.segments)
    assert (await archivist.ask("POST", f"{base}/hold", {"reason": "case 118"}))[1]["line"]["state"] == "held"
    assert (await archivist.ask("POST", f"{base}/hold", {"reason": "again"}))[1]["code"] == "held_already"
    status, told = await archivist.ask("DELETE", f"{base}/hold")
    assert told["line"]["state"] == "verified" and told["holds"][0]["released_at"] is not None
    assert (await archivist.ask("DELETE", f"{base}/hold"))[1]["code"] == "not_held"
    segment = one.sealed.folder / "000003.seg"
    data = bytearray(segment.read_bytes())
    data[500] ^= 1
    segment.write_bytes(data)
    status, told = await archivist.ask("POST", f"{base}/verifications")
    assert told["line"]["state"] == "altered"
    assert told["line"]["flaw"]["file"] == "000003.seg" and told["line"]["flaw"]["first"] <= 500 <= told["line"]["flaw"]["last"]
    timeline = one.sealed.folder / "timeline.sealed"
    segment.write_bytes(bytes(data[:500]) + bytes([data[500] ^ 1]) + bytes(data[501:]))
    timeline.write_bytes(timeline.read_bytes()[:-1] + b"\x00")
    told = (await archivist.ask("POST", f"{base}/verifications"))[1]
    assert told["line"]["flaw"]["file"] == "timeline.sealed"


async def test_a_film_is_made_and_fetched(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    base = f"/api/archive/recordings/{one.id}"
    status, told = await archivist.ask("POST", f"{base}/exports", {"purpose": "patient_request", "language": "zh"})
    assert status == 202, told
    own = await staff(visitors, "1001")
    assert (await own.ask("POST", f"{base}/exports", {"purpose": "quality", "language": "en"}))[0] == 403

    async def state() -> str:
        return str((await archivist.ask("GET", base))[1]["exports"][0]["state"])

    async with asyncio.timeout(100):
        while (now := await state()) in ("queued", "running"):
            await asyncio.sleep(0.5)
    assert now == "ready"
    export = (await archivist.ask("GET", base))[1]["exports"][0]
    status, film = await archivist.ask("GET", f"/api/archive/exports/{export['export']}/film")
    assert status == 200
    with av.open(io.BytesIO(film)) as file:
        frames = len(list(file.decode(video=0)))  # type: ignore[union-attr]
        assert (frames, file.streams.video[0].codec_context.name, file.streams.audio[0].codec_context.name) == (
            160,
            "h264",
            "aac",
        )
    assert ("export_fetched", "patient_request") in acts(visitors.server, one.id)
    parts = list((visitors.server.data / "exports").rglob("*.part"))
    assert parts and all(b"ftyp" not in part.read_bytes() for part in parts)


async def test_a_patient_asks_once_and_is_answered(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    patient = Staff(visitors, one.patient_cookie)
    path = f"/api/seats/{one.patient_seat}/archive-requests"
    assert (await patient.ask("GET", path))[1] == {"requests": [], "recorded": True}
    for _ in range(2):
        status, asked = await patient.ask("POST", path, {"kind": "copy"})
        assert status == 201 and len(asked["requests"]) == 1
    assert (await patient.ask("POST", path, {"kind": "erasure"}))[0] == 201
    listed = (await archivist.ask("GET", "/api/archive/requests"))[1]["requests"]
    mine = {each["kind"]: each for each in listed if each["consultation"] == one.consultation}
    assert mine["copy"]["patient"] == "Bai Yun"
    decide = f"/api/archive/requests/{mine['erasure']['request']}/decision"
    assert (await archivist.ask("POST", decide, {"grant": True}))[1]["code"] == "too_early", "the law's three years"
    assert (await archivist.ask("POST", decide, {"grant": False, "answer": "Kept for 3 years."}))[0] == 200
    assert (await archivist.ask("POST", decide, {"grant": False}))[1]["code"] == "decided_already"
    answers = {each["kind"]: each for each in (await patient.ask("GET", path))[1]["requests"]}
    assert answers["erasure"]["state"] == "refused" and answers["erasure"]["answer"] == "Kept for 3 years."
    async with aiohttp.ClientSession() as stranger, stranger.get(visitors.server.base + path) as response:
        assert response.status == 403


async def test_as_what_it_is_kept_can_be_changed(visitors: Visitors, archivist: Staff) -> None:
    """Its period follows, a hold stays, the act is in the audit; whoever may not is refused, and that is, too."""
    one = await archived(visitors, archivist)
    path = f"/api/archive/recordings/{one.id}"
    before = (await archivist.ask("GET", path))[1]["line"]
    assert before["retention"] == "process"
    assert (await archivist.ask("POST", f"{path}/hold", {"reason": "case 7"}))[0] == 200
    doctor = await staff(visitors, "1001")
    assert (await doctor.ask("PUT", f"{path}/retention", {"retention": "medical_record"}))[1]["code"] == "not_allowed"
    for _ in range(2):
        status, told = await archivist.ask("PUT", f"{path}/retention", {"retention": "medical_record"})
        assert status == 200
    line = told["line"]
    assert (line["retention"], line["held"]) == ("medical_record", True)
    assert 12 * 365 * 86_400 <= line["kept_until"] - before["kept_until"] <= 12 * 366 * 86_400
    said = acts(visitors.server, one.id)
    assert said.count(("recording_classified", "medical_record")) == 1
    assert ("archive_refused", "classify") in said
    assert (await archivist.ask("PUT", f"{path}/retention", {"retention": "for_ever"}))[0] == 400


async def test_a_wrong_master_key_says_so_and_logs_no_view(visitors: Visitors, archivist: Staff) -> None:
    one = await archived(visitors, archivist)
    key = one.sealed.folder / "key"
    other = seal_recording(Vault(visitors.server.data / "other"), 4)
    foreign = (other.folder / "key").read_bytes().replace(other.manifest.recording.encode(), one.id.encode())
    whole = key.read_bytes()
    key.write_bytes(foreign)
    path = f"/api/archive/recordings/{one.id}/plays"
    status, error = await archivist.ask("POST", path, {"purpose": "quality"})
    assert (status, error["code"]) == (503, "master_key_wrong")
    assert not [act for act in acts(visitors.server, one.id) if act[0] == "recording_played"]
    key.write_bytes(whole)
    assert (await archivist.ask("POST", path, {"purpose": "quality"}))[0] == 201


async def test_a_page_goes_on_where_the_last_ended(visitors: Visitors, archivist: Staff) -> None:
    await archived(visitors, archivist)
    with sqlite3.connect(visitors.server.data / "consilium.sqlite") as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM recording LIMIT 1").fetchone())
        for number in range(120):
            copy = row | {"id": f"rec_{number:016d}".translate(str.maketrans("0189", "abcd")), "started_at": 1000.0 + number // 2}
            names = ", ".join(f'"{name}"' for name in copy)
            database.execute(f"INSERT INTO recording ({names}) VALUES ({', '.join('?' * len(copy))})", list(copy.values()))
    seen: list[str] = []
    after: str | None = None
    for _ in range(5):
        _, page = await archivist.ask("POST", "/api/archive/search", {"until_s": 5000, "after": after})
        seen += [line["recording"] for line in page["recordings"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == page["matching"] == 120
