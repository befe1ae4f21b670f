"""The command `consilium` (also `python -m signaling`): reads settings, starts, says where to go, drains on a signal.

What cannot work is said in one line and exits with 2; a fault of ours exits with 1.
"""

import argparse
import asyncio
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
import uvloop

from clinic.factors import STEP_S, code_of, step_at
from clinic.hospitals import StaffRole
from clinic.sample import sample_secret
from common.errors import ConsiliumError
from common.logging import configure_logging
from recording.commands import add_verify, found_in, rotate_command, verify_command
from signaling.app import Server, reset_factor, set_role
from signaling.archive_wiring import rewrap_stored
from signaling.audit_command import add_audit, audit_command
from signaling.http.door import raise_file_limit
from signaling.settings import Settings, SettingsError, load_settings

log = structlog.get_logger()

BAD_USAGE = 2
SWITCH_INTERVAL_S = 0.001  # a thread that has a row for somebody waits that long for a loop that is busy, not Python's 5 ms


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="consilium", description="Video consultations for hospitals, self-hosted.")
    parser.set_defaults(command="serve")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="run the server (default)")
    commands.add_parser("code", help="print the one-time code of the sample hospital's accounts")
    reset = commands.add_parser("reset-factor", help="let somebody enrol a new second factor at the next sign-in")
    reset.add_argument("staff_number", help="whose factor was lost; all: everybody's, after a loss of the key")
    role = commands.add_parser("set-role", help="change what somebody of the staff may do; their sessions end")
    role.add_argument("staff_number")
    role.add_argument("role", choices=[each.value for each in StaffRole])
    add_verify(commands)
    add_audit(commands)
    commands.add_parser("rotate-recording-key", help="seal the keys of all recordings under a new master key")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "verify" and asked.public_key is not None and asked.recording.is_dir():
            return verify_command(asked.recording, asked.public_key)  # offline: without settings, too
        if asked.command == "audit":
            return asyncio.run(audit_command(asked))
        settings = load_settings()
        if asked.command == "verify":
            return verify_command(*found_in(settings.data, asked.recording, asked.public_key))
        if asked.command == "code":
            return _code(settings)
        _writable(settings.data)
        if asked.command == "rotate-recording-key":
            return rotate_command(settings.data, lambda master: asyncio.run(rewrap_stored(settings, master)))
        if asked.command == "reset-factor":
            return asyncio.run(_reset_factor(settings, asked.staff_number))
        if asked.command == "set-role":
            return asyncio.run(_set_role(settings, asked.staff_number, StaffRole(asked.role)))
        listener = _listen(settings)
        raise_file_limit()
    except SettingsError as error:
        print(f"consilium: {error}", file=sys.stderr)
        return BAD_USAGE
    configure_logging(settings.log_level, settings.log_format, "signaling")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        return uvloop.run(_serve(settings, listener))
    except KeyboardInterrupt:
        return 0


def _code(settings: Settings) -> int:
    """The code of now, for the sample alone: of real accounts nothing on this machine prints one."""
    secret = sample_secret(settings.data)
    if secret is None:
        raise SettingsError(f"the data folder {settings.data} holds no sample hospital; set CONSILIUM_DATA")
    now = time.time()
    print(f"{code_of(secret, step_at(now))}  (for {STEP_S - int(now) % STEP_S} s; each account takes it once)")
    return 0


async def _reset_factor(settings: Settings, staff_number: str) -> int:
    try:
        number = await reset_factor(settings, staff_number)
    except ConsiliumError as error:
        raise SettingsError(error.sentence) from None
    if number == 0:
        raise SettingsError(f"nobody has the staff number {staff_number}")
    print(f"{number} second factor{'s' if number > 1 else ''} reset; the next sign-in enrols a new one, so let it be soon.")
    return 0


async def _set_role(settings: Settings, staff_number: str, role: StaffRole) -> int:
    try:
        known = await set_role(settings, staff_number, role)
    except ConsiliumError as error:
        raise SettingsError(error.sentence) from None
    if not known:
        raise SettingsError(f"nobody has the staff number {staff_number}")
    print(f"{staff_number} is {role.value} from the next sign-in on; running servers know it within seconds.")
    return 0


def _writable(folder: Path) -> None:
    """The data folder exists and takes a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise SettingsError(f"the data folder {folder} cannot be written ({error.strerror}); set CONSILIUM_DATA") from None


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything slow happens."""
    family = socket.AF_INET6 if ":" in settings.bind_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.bind_host, settings.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"port {settings.port} on {settings.bind_host} cannot be used ({error.strerror}); "
            "give another one: make run PORT=8124, or CONSILIUM_PORT"
        ) from None
    listener.setblocking(False)
    return listener


async def _serve(settings: Settings, listener: socket.socket) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, stopping)
    server = Server(settings, listener)
    try:
        await server.start()
    except (ConsiliumError, ssl.SSLError) as error:
        sentence = error.sentence if isinstance(error, ConsiliumError) else "the TLS certificate or key cannot be used"
        print(f"consilium: {sentence}", file=sys.stderr)
        return BAD_USAGE
    print(_greeting(server, listener.getsockname()[1]), flush=True)
    await stopping.wait()
    if server.calls:
        print(f"\nStopping: {server.calls} calls under way, waiting {settings.drain_s:g} s at most. Ctrl-C again: now.")
    await server.drain()
    await server.stop()
    return 0


def _on_signal(stopping: asyncio.Event) -> None:
    if stopping.is_set():
        os._exit(130)  # a second signal means now
    stopping.set()


def _greeting(server: Server, port: int) -> str:
    settings = server.settings
    base = settings.base_url(port)
    lines = [
        "",
        "Consilium is ready.",
        "",
        f"  Patients   {base}/",
        f"  Doctors    {base}/desk",
    ]
    if server.sample is not None:
        lines += [
            f"             staff number {server.sample.staff_number}, password {server.sample.password}",
            f"             code {code_of(server.sample.secret, step_at(time.time()))} for half a minute; the next: make code",
            f"             (sample hospital; other doctors: {', '.join(server.sample.others)},",
            f"             coordinator: {server.sample.coordinator}, archivist: {server.sample.archivist},",
            f"             administrator: {server.sample.administrator}; same password and code)",
        ]
    lines += [f"  Health     {base}/health/ready", f"  Data       {settings.data.resolve()}"]
    if settings.smtp_url is None:
        lines.append(f"  Mail       into {settings.mail_folder.resolve()} (no mail server is set; see docs/OPERATIONS.md)")
    lines.append("")
    if not settings.secure:
        lines += ["  Only this machine can reach it: cameras need HTTPS elsewhere. See docs/OPERATIONS.md for certificates.", ""]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)
