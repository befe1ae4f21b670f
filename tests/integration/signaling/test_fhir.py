"""DocumentReferences: what another system gets is R4 by its own library's word, once, and though it was away."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fhir.resources.R4B.documentreference import DocumentReference
from pydantic import ValidationError

from common.database import Database, migrate
from common.evidence.entry import AuditEntry
from common.ids import ConsultationId, DepartmentId, HospitalId, PractitionerId, RecordingId, SeatId
from recording.catalog.jobs import Jobs
from recording.catalog.sql import Catalog
from recording.core.retention import Kept, RetentionClass
from recording.fhir import document_reference
from recording.records import Place, Recording
from signaling.fhir_push import FhirPush, backoff_s
from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_archive import acts, archived, staff

ENDED = 1_795_000_600.0
RECORDING = Recording(
    id=RecordingId("rec_aaaaaaaaaaaaaaaa"),
    hospital=HospitalId("h_aaaaaaaaaaaaaaaa"),
    department=DepartmentId("d_aaaaaaaaaaaaaaaa"),
    consultation=ConsultationId("c_aaaaaaaaaaaaaaaa"),
    practitioner=PractitionerId("pr_aaaaaaaaaaaaaaaa"),
    patient=SeatId("s_aaaaaaaaaaaaaaaa"),
    patient_name="Bai Yun",
    started_at=ENDED - 600,
    ended_at=ENDED,
    segments=300,
    octets=90_000_000,
    digest="ab" * 32,
    place=Place.LOCAL,
    kept=Kept(ENDED, RetentionClass.PROCESS),
)


@dataclass
class Hospital:
    """Another system's FHIR endpoint: takes what its library takes, when it is up."""

    up: bool = True
    held: dict[str, DocumentReference] = field(default_factory=dict)
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    async def put(self, request: web.Request) -> web.Response:
        self.asked += 1
        if not self.up:
            return web.Response(status=503)
        if request.headers.get("Authorization") != "Bearer sesame-sesame" or request.content_type != "application/fhir+json":
            return web.Response(status=401)
        try:
            resource = DocumentReference.model_validate(json.loads(await request.read()))
        except ValidationError as error:
            self.refused.append(str(error))
            return web.Response(status=422)
        if resource.id != request.match_info["id"]:
            return web.Response(status=400)
        new = resource.id not in self.held
        self.held[resource.id] = resource
        return web.Response(status=201 if new else 200)


@pytest.fixture
async def other() -> AsyncIterator[tuple[Hospital, str]]:
    hospital = Hospital()
    app = web.Application()
    app.router.add_put("/fhir/DocumentReference/{id}", hospital.put)
    server = TestServer(app)
    await server.start_server()
    yield hospital, str(server.make_url("/fhir/"))
    await server.close()


class Hands:
    def __init__(self) -> None:
        self.at = ENDED + 10

    def now(self) -> float:
        return self.at


@pytest.mark.parametrize("octets", [0, 2**31 - 1, 2**40])
def test_the_library_takes_it_and_no_name_is_in_it(octets: int) -> None:
    told = document_reference(replace(RECORDING, octets=octets), "https://consilium.test")
    DocumentReference.model_validate(told)
    bare = document_reference(replace(RECORDING, practitioner=None, patient=None), "https://consilium.test")
    DocumentReference.model_validate(bare)
    assert "Bai Yun" not in json.dumps(told) and "author" not in bare
    with pytest.raises(ValidationError):
        DocumentReference.model_validate(told | {"status": None})


async def test_it_is_pushed_once_though_the_other_side_was_away(database_url: str, other: tuple[Hospital, str]) -> None:
    hospital, url = other
    await migrate(database_url)
    database, clock = Database(database_url), Hands()
    catalog, jobs = Catalog(database), Jobs(database)
    await catalog.add(RECORDING, AuditEntry(ENDED, RECORDING.hospital, "system", "recording_archived", RECORDING.id))
    push = FhirPush(jobs, clock, url=url, token="sesame-sesame", base_url="https://consilium.test")
    hospital.up = False
    for attempt in range(8):
        assert await push.look() == 0
        assert hospital.asked == attempt + 1
        assert await push.look() == 0 and hospital.asked == attempt + 1, "it is asked again before its time"
        clock.at += backoff_s(attempt) + 1
    hospital.up = True
    wrong = FhirPush(jobs, clock, url=url, token="wrong-wrong-wrong", base_url="https://consilium.test")
    assert await wrong.look() == 0
    clock.at += 3601
    assert await push.look() == 1 and await jobs.waiting_pushes() == 0
    assert await push.look() == 0 and hospital.refused == []
    (held,) = hospital.held.values()
    assert held.id == "rec-aaaaaaaaaaaaaaaa" and str(held.content[0].attachment.url).startswith("https://consilium.test/archive")
    await database.close()


async def test_staff_get_it_and_a_stranger_does_not(visitors: Visitors) -> None:
    archivist = await staff(visitors, "1901")
    one = await archived(visitors, archivist, 4)
    path = f"/api/archive/recordings/{one.id}/document-reference"
    status, raw = await archivist.ask("GET", path)
    assert status == 200
    told = DocumentReference.model_validate(json.loads(raw))
    assert told.masterIdentifier is not None and told.masterIdentifier.value == one.id
    assert ("recording_described", "fhir") in acts(visitors.server, one.id)
    administrator = await staff(visitors, "1902")
    assert (await administrator.ask("GET", path))[0] == 403
