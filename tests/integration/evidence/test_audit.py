"""The audit trail over real databases: many writers make one chain a hospital, and whatever an insider does to it is named."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import exc, text

from common.database import Database, metadata, migrate
from common.errors import Unavailable
from common.evidence import audit, checkpoint
from common.evidence.chain import Chain, start_of
from common.evidence.checkpoint import BadCheckpoint, Checkpoint
from common.evidence.entry import AuditEntry, ChainedEntry, content_of
from common.evidence.grants import grants
from common.evidence.signing import Signer, keep_signer
from common.evidence.verify import Report, verify
from tests.services import Postgres

ONE, TWO = "h_oneoneoneoneonea", "h_twotwotwotwotwoa"
AT = 1_600_000_000.0


def entry(number: int, hospital: str = ONE) -> AuditEntry:
    return AuditEntry(AT + number / 3, hospital, "pr_doctor", "record_viewed", f"c_{number}", "treatment")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate(database_url)
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return keep_signer(tmp_path)


async def write(database: Database, *entries: AuditEntry) -> None:
    async with database.transaction() as connection:
        await audit.append(connection, *entries)


async def remember(database: Database, folder: Path, signer: Signer, at: float = AT) -> bool:
    async with database.reading() as connection:
        return checkpoint.write(folder, signer, await audit.heads(connection), at)


async def check(database: Database, checkpoints: Sequence[Checkpoint] = ()) -> Report:
    return await verify(audit.everything(database), checkpoints)


async def tamper(database: Database, *statements: str) -> None:
    """What somebody does who owns the database: the triggers are no obstacle to them."""
    sqlite = database.is_sqlite
    off = ["DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete"]
    off = off if sqlite else ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"]
    async with database.transaction() as connection:
        for statement in (*off, *statements):
            await connection.execute(text(statement))


async def test_many_writers_make_one_chain_for_each_hospital(database: Database) -> None:
    await asyncio.gather(*(write(database, entry(n), entry(n, TWO), entry(n)) for n in range(40)))
    report = await check(database)
    assert (report.entries, report.hospitals, report.faults) == (120, 2, ())
    async with database.reading() as connection:
        assert [(head.hospital, head.position) for head in await audit.heads(connection)] == [(ONE, 80), (TWO, 40)]


async def test_an_act_that_fails_leaves_no_gap(database: Database) -> None:
    await write(database, entry(1))
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await audit.append(connection, entry(2))
            raise RuntimeError("the act failed")
    await write(database, entry(3))
    report = await check(database)
    assert (report.entries, report.faults) == (2, ())


async def test_pages_are_read_through(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 3)
    await write(database, *(entry(n) for n in range(7)), *(entry(n, TWO) for n in range(6)))
    report = await check(database)
    assert (report.entries, report.faults) == (13, ())


TAMPERED = {
    "edited": (["UPDATE audit_entry SET actor = 'system' WHERE subject = 'c_3'"], "entry 4: was changed"),
    "deleted": (["DELETE FROM audit_entry WHERE subject = 'c_3'"], "entry 4: is missing"),
    "deleted, the rest moved up": (
        [
            "DELETE FROM audit_entry WHERE subject = 'c_3'",
            *(f"UPDATE audit_entry SET position = {n} WHERE subject = 'c_{n}'" for n in range(4, 9)),
        ],
        "entry 4: was changed",
    ),
    "in each other's place": (
        [
            "UPDATE audit_entry SET position = 999 WHERE subject = 'c_2'",
            "UPDATE audit_entry SET position = 3 WHERE subject = 'c_5'",
            "UPDATE audit_entry SET position = 6 WHERE subject = 'c_2'",
        ],
        "entry 3: was changed",
    ),
    "first one deleted": (["DELETE FROM audit_entry WHERE subject = 'c_0'"], "entry 1: is missing"),
    "another hospital's": ([f"UPDATE audit_entry SET hospital = '{TWO}' WHERE subject = 'c_8'"], "entry 9: is missing"),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_an_insider_does_is_named_by_its_place(database: Database, how: str) -> None:
    await write(database, *(entry(n) for n in range(9)))
    statements, named = TAMPERED[how]
    await tamper(database, *statements)
    (fault, *_) = (await check(database)).faults
    assert named in str(fault) or (how == "another hospital's" and TWO in str(fault)), str(fault)


async def test_a_cut_tail_is_found_by_the_checkpoint_that_remembers_it(
    database: Database, tmp_path: Path, signer: Signer
) -> None:
    await write(database, *(entry(n) for n in range(9)), entry(0, TWO))
    assert await remember(database, tmp_path / "elsewhere", signer)
    remembered = list(checkpoint.read(tmp_path / "elsewhere", signer.verifier))
    assert (await check(database, remembered)).faults == ()
    await tamper(database, "DELETE FROM audit_entry WHERE subject IN ('c_7', 'c_8')")
    assert (await check(database)).faults == (), "the chain alone cannot know"
    (fault,) = (await check(database, remembered)).faults
    assert str(fault) == f"hospital {ONE}, entries 8 to 9: is missing: a checkpoint remembers it"
    await tamper_away(database, TWO)
    faults = (await check(database, remembered)).faults
    assert [(one.hospital, one.first) for one in faults] == [(ONE, 8), (TWO, 1)], "a whole hospital is missed too"


async def tamper_away(database: Database, hospital: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(f"DELETE FROM audit_entry WHERE hospital = '{hospital}'"))


async def test_a_chain_rebuilt_by_an_insider_contradicts_a_checkpoint(database: Database, tmp_path: Path, signer: Signer) -> None:
    folder = tmp_path / "elsewhere"
    for start in (0, 4, 8):
        await write(database, *(entry(n) for n in range(start, start + 4)))
        await remember(database, folder, signer, AT + start)
    forged = [one async for one in audit.everything(database)]
    forged[5] = ChainedEntry(AuditEntry(AT, ONE, "system", "nothing_happened", "c_5"), 6, b"")
    chain = Chain(start_of("audit", ONE))
    for one in forged:
        chain.append(content_of(one.entry, one.position))
    statements = []
    chain = Chain(start_of("audit", ONE))
    for one in forged:
        digest = chain.append(content_of(one.entry, one.position))
        as_sql = f"X'{digest.hex()}'" if database.is_sqlite else f"'\\x{digest.hex()}'"
        statements.append(f"UPDATE audit_entry SET digest = {as_sql} WHERE position = {one.position}")
    changed = (
        "UPDATE audit_entry SET at = 1600000000.0, actor = 'system', act = 'nothing_happened', reason = '' WHERE position = 6"
    )
    await tamper(database, changed, *statements)
    assert (await check(database)).faults == (), "the rebuilt chain is whole in itself"
    (fault,) = (await check(database, list(checkpoint.read(folder, signer.verifier)))).faults
    assert str(fault) == f"hospital {ONE}, entries 5 to 8: a checkpoint remembers another history: the chain was rebuilt"


async def test_checkpoints_are_not_forged_either(database: Database, tmp_path: Path, signer: Signer) -> None:
    folder = tmp_path / "elsewhere"
    for number in range(3):
        await write(database, entry(number))
        assert await remember(database, folder, signer)
        assert not await remember(database, folder, signer), "nothing new, nothing said"
    (file,) = folder.glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    stranger = keep_signer(tmp_path / "stranger")
    for forged in (
        [lines[0], lines[2]],
        [lines[0], lines[1].replace(b'",2,"', b'",3,"'), lines[2]],
        [b"{}\n"],
        [b"\xff\n"],
    ):
        file.write_bytes(b"".join(forged))
        with pytest.raises(BadCheckpoint):
            list(checkpoint.read(folder, signer.verifier))
    file.write_bytes(b"".join(lines))
    assert len(list(checkpoint.read(folder, signer.verifier))) == 3
    with pytest.raises(BadCheckpoint, match="not signed by"):
        list(checkpoint.read(folder, stranger.verifier))


async def test_the_servers_role_may_only_lengthen_the_trail(postgres_url: str, postgres_server: Postgres) -> None:
    await migrate(postgres_url)
    role = "consilium_app"
    owner = Database(postgres_url)
    async with owner.transaction() as connection:
        await connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        await connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        for statement in grants(role, metadata).splitlines():
            await connection.execute(text(statement))
    url = postgres_url.replace("postgres@", f"{role}@")
    await migrate(url)  # a start on a database that is up to date needs no more than this
    limited = Database(url)
    try:
        await write(limited, entry(1), entry(2))
        assert (await check(limited)).faults == ()
        for forbidden in (
            "UPDATE audit_entry SET actor = 'system'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
            "DROP TABLE audit_entry",
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_entry_append_only ON audit_entry",
            "INSERT INTO audit_entry (id, at, hospital, actor, act, subject, reason, position, digest) "
            "VALUES (1, 0, '', '', '', '', '', 1, '')",
        ):
            with pytest.raises((exc.DBAPIError, Unavailable)):
                async with limited.transaction() as connection:
                    await connection.execute(text(forbidden))
        assert (await check(limited)).entries == 2
        async with limited.transaction() as connection:
            await connection.execute(text("UPDATE hospital SET records = false"))  # everything else it may
    finally:
        await limited.close()
        async with owner.transaction() as connection:
            await connection.execute(text(f"DROP OWNED BY {role}"))
            await connection.execute(text(f"DROP ROLE {role}"))
        await owner.close()


@pytest.mark.parametrize("name", ["Robert'; DROP", "", "a b", "UPPER"])
def test_no_role_name_becomes_sql(name: str) -> None:
    with pytest.raises(ValueError):
        grants(name, metadata)
