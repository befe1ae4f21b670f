"""`consilium audit`: check the audit trail, in the database or in an export; write an export; print the role's grants. Prints."""

import argparse
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from common.database import Database, metadata
from common.errors import Unavailable
from common.evidence import audit, checkpoint
from common.evidence.chain import canonical
from common.evidence.checkpoint import BadCheckpoint
from common.evidence.entry import AuditEntry, ChainedEntry
from common.evidence.grants import grants
from common.evidence.signing import KEY_FILE, load_verifier
from common.evidence.verify import Report, verify
from signaling.settings import Settings, load_settings

GOOD, BAD, BAD_USAGE = 0, 1, 2


class BadExport(Exception):
    """A line of an export that is no entry; the text says which."""


def add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's arguments."""
    parser = commands.add_parser("audit", help="check or export the audit trail")
    parser.set_defaults(audit="verify")
    parts = parser.add_subparsers(dest="audit", metavar="what", required=True)
    check = parts.add_parser("verify", help="nothing changed, nothing missing, as signed checkpoints remember it")
    check.add_argument("--export", type=Path, help="a file of `audit export`; default: the database")
    check.add_argument("--checkpoints", type=Path, help="folder; default: the settings'")
    check.add_argument("--public-key", type=Path, help="PEM file; default: the data folder's")
    parts.add_parser("export", help="write every entry into a file, one JSON object a line").add_argument("file", type=Path)
    parts.add_parser("grants", help="print the SQL by which a PostgreSQL role may only lengthen the trail").add_argument("role")


async def audit_command(asked: argparse.Namespace) -> int:
    """Does what was asked. Raises SettingsError where settings are needed and wrong."""
    try:
        match asked.audit:
            case "grants":
                sys.stdout.write(grants(asked.role, metadata))
                return GOOD
            case "export":
                return await _export(load_settings(), asked.file)
            case _:
                return await _verify(asked)
    except (OSError, ValueError, BadCheckpoint, BadExport) as fault:
        named = fault.filename if isinstance(fault, OSError) and fault.filename else ""
        sys.stdout.write(f"BAD   {named}{' ' if named else ''}{fault.strerror if isinstance(fault, OSError) else fault}\n")
        return BAD if isinstance(fault, BadCheckpoint | BadExport) else BAD_USAGE
    except Unavailable as away:
        sys.stdout.write(f"{away.sentence}\n")
        return BAD_USAGE


async def _export(settings: Settings, file: Path) -> int:
    database = Database(settings.database)
    number = 0
    try:
        with file.open("xb") as out:
            async for kept in audit.everything(database):
                out.write(canonical(_line(kept)) + b"\n")
                number += 1
    finally:
        await database.close()
    sys.stdout.write(f"{number} entries written to {file}\n")
    return GOOD


async def _verify(asked: argparse.Namespace) -> int:
    """With export, checkpoints and key all named, nothing of this machine's settings is needed."""
    offline = None not in (asked.export, asked.checkpoints, asked.public_key)
    settings = None if offline else load_settings()
    folder: Path = asked.checkpoints or _of(settings).checkpoint_folder
    verifier = load_verifier(asked.public_key or _of(settings).data / f"{KEY_FILE}.pub")
    remembered = list(checkpoint.read(folder, verifier))
    if asked.export is not None:
        report = await verify(_exported(asked.export), remembered)
    else:
        database = Database(_of(settings).database)
        try:
            report = await verify(audit.everything(database), remembered)
        finally:
            await database.close()
    sys.stdout.write(_told(report, folder))
    return BAD if report.faults else GOOD


def _of(settings: Settings | None) -> Settings:
    assert settings is not None  # read whenever one of the three was not named
    return settings


async def _exported(file: Path) -> AsyncIterator[ChainedEntry]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                kept = json.loads(line)
                said = (kept[name] for name in ("hospital", "actor", "act", "subject", "reason"))
                entry = AuditEntry(kept["at"], *said)
                yield ChainedEntry(entry, kept["position"], bytes.fromhex(kept["digest"]))
            except (ValueError, KeyError, TypeError) as reason:
                raise BadExport(f"{file}, line {number} is no entry") from reason


def _line(kept: ChainedEntry) -> dict[str, object]:
    entry = kept.entry
    return {
        "hospital": entry.hospital,
        "position": kept.position,
        "at": entry.at,
        "actor": entry.actor,
        "act": entry.act,
        "subject": entry.subject,
        "reason": entry.reason,
        "digest": kept.digest.hex(),
    }


def _told(report: Report, folder: Path) -> str:
    counted = f"{report.entries} entries of {report.hospitals} hospitals, {report.checkpoints} checkpoints in {folder}"
    if report.faults:
        return "".join(f"BAD   {fault}\n" for fault in report.faults) + f"      looked at: {counted}\n"
    unsigned = f"; {report.beyond} entries are not covered by a checkpoint" if report.beyond else ""
    return f"GOOD  {counted}{unsigned}\n"
