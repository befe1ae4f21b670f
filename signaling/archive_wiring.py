"""Puts the archive together: its tables, its places, its jobs and its page. Wires; decides nothing."""

from dataclasses import dataclass

from common.database import Database, migrate
from common.errors import Unavailable
from common.evidence.signing import keep_signer
from recording.accession import Accession
from recording.archive import Archive
from recording.catalog.exports import Exports
from recording.catalog.jobs import Jobs
from recording.catalog.sql import Catalog
from recording.commands import RECORDINGS
from recording.core.retention import PolicyPack, RetentionClass
from recording.disposal import Disposal
from recording.erasing import Erasing
from recording.export import Films
from recording.keys import FileMaster, rewrapped
from recording.reading import Shelf
from recording.rounds import Rounds
from recording.storage import LocalStorage, RemoteStorage
from recording.uploads import Uploads
from rooms.archiving import Closed
from signaling.archiving import Archiving, RoomsArchive, RoomsErasures, film_words, zones
from signaling.fhir_push import FhirPush
from signaling.http.archive import ArchivePages
from signaling.settings import Settings
from signaling.socket.handlers.shared import Services


@dataclass(frozen=True, slots=True)
class Wired:
    """The page, and what runs behind it until cancelled."""

    pages: ArchivePages
    archiving: Archiving


def wire_archive(
    settings: Settings, database: Database, closed: Closed, services: Services, *, node: str, base_url: str
) -> Wired:
    """The archive of this process. Unavailable: evidence_key_wrong, master_key_wrong (a key file that is none)."""
    clock, signer, store = services.clock, keep_signer(settings.data), settings.archive_store
    shelf = Shelf(
        LocalStorage(settings.data / RECORDINGS),
        RemoteStorage(store) if store is not None else None,
        master=FileMaster(settings.data),
        verifier=signer.verifier,
        clock=clock,
    )
    catalog, jobs, exports, pack = Catalog(database), Jobs(database), Exports(database), PolicyPack(settings.policy_pack)
    retention, texts = RetentionClass(settings.recording_class), RoomsArchive(closed)
    accession = Accession(catalog, jobs, shelf, texts, signer=signer, clock=clock, retention=retention)
    words, folder = film_words(services.names), settings.data / "exports"
    films = Films(exports, catalog, shelf, words, folder=folder, node=node, clock=clock)
    disposal = Disposal(jobs, shelf, clock=clock, pack=pack, zone_of=zones(services.names), drop_exports=films.drop)
    token = settings.fhir_token.get_secret_value() if settings.fhir_token is not None else None
    push = FhirPush(jobs, clock, url=settings.fhir_url, token=token, base_url=base_url)
    uploads = Uploads(jobs, shelf, clock)
    archive = Archive(catalog, shelf, clock, pack)
    rounds = Rounds(jobs, archive, clock)
    erasures = RoomsErasures(services.rooms.recordings, services.carry_out)
    erasing = Erasing(catalog, jobs, shelf, erasures, films.drop)
    archiving = Archiving(
        accession, uploads, disposal, films, erasing=erasing, push=push, rounds=rounds, jobs=jobs, metrics=services.metrics
    )
    return Wired(ArchivePages(settings, services, archive, films, archiving, base_url=base_url), archiving)


async def rewrap_stored(settings: Settings, master: FileMaster) -> int:
    """Wraps the keys that are kept in the database (of recordings in a store) by the present master key.

    Returns how many could not be: they are still under a former one, which must be kept. Unavailable: the database."""
    await migrate(settings.database)
    database, bad = Database(settings.database), 0
    try:
        jobs = Jobs(database)
        for which, key in await jobs.wrapped_keys():
            try:
                await jobs.rewrapped(which, key, rewrapped(key, which, master))
            except Unavailable:
                bad += 1
    finally:
        await database.close()
    return bad
