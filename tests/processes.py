"""A real server process in a test: on a port of its own, waited for until it answers, ended on every path.

Decides how a process is started, watched and ended; never what is asked of it (services.py). If the tests themselves are
killed, the kernel ends the process (`setpriv --pdeathsig`), so that nothing of ours is left behind.
"""

import asyncio
import contextlib
import inspect
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, overload

T = TypeVar("T")

POLL_S = 0.01
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
UNPRIVILEGED = "nobody"


class ServiceFailed(AssertionError):
    """A server that a test needs is missing, did not start or died; the message ends with the tail of its log."""


@overload
async def wait_for(condition: Callable[[], Awaitable[T]], timeout_s: float, reason: str) -> T: ...
@overload
async def wait_for(condition: Callable[[], T], timeout_s: float, reason: str) -> T: ...
async def wait_for(condition: Callable[[], Any], timeout_s: float, reason: str) -> Any:
    """Ask `condition` (plain or async) again and again until it is true and return what it gave.

    Raises TimeoutError with the reason once `timeout_s` have passed; this is how tests wait, never by sleeping a guess.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        outcome = condition()
        answer = await outcome if inspect.isawaitable(outcome) else outcome
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain for {reason}")
        await asyncio.sleep(POLL_S)


def wait_until(condition: Callable[[], T], timeout_s: float, reason: str) -> T:
    """`wait_for` for fixtures and tests that have no event loop."""
    deadline = time.monotonic() + timeout_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain for {reason}")
        time.sleep(POLL_S)


def unused_port() -> int:
    """A port that nobody holds at this moment, for TCP and for UDP; below those that the kernel gives to whoever asks for any, so
    that no connection of a browser takes it before its server has started."""
    for port in random.sample(range(20_000, 32_000), 1_000):
        with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                opened.enter_context(socket.socket(socket.AF_INET, kind)).bind(("", port))
            return port
    raise ServiceFailed("no port is free between 20000 and 32000")


def accepts_tcp(port: int) -> bool:
    """Whether somebody listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def program(name: str) -> str:
    """The path of a program that a test cannot do without; a missing one fails the test, it never skips it."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise ServiceFailed(f"{name} is not installed: `make setup` installs it as root or says what to install")
    return found


class Service:
    """One server process. `start` and `stop` may be called in turn any number of times: the port and the files stay.

    `pause` and `resume` freeze the process without closing its connections, which is what a network partition looks like
    from the other end.
    """

    def __init__(self, name: str, answers: Callable[[], bool], ends_with: signal.Signals = signal.SIGTERM) -> None:
        """`answers` tells whether the server is ready; `ends_with` is the signal for its orderly end."""
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"consilium-test-{name}-"))
        self.log = self.folder / "log"
        self.command: list[str] = []
        self._answers = answers
        self._ends_with = ends_with
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise ServiceFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and return once it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*guard(self._ends_with), *self.command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        try:
            wait_until(self._ready, START_TIMEOUT_S, f"{self.name} to answer")
        except TimeoutError as late:
            self.stop()
            raise ServiceFailed(f"{self.name} did not answer\n{self.log_tail()}") from late

    def stop(self, how: signal.Signals | None = None) -> None:
        """End the server: in its orderly way, or with the signal given (SIGKILL for a crash), and wait for its end."""
        if self._process is None:
            return
        self._process.send_signal(how or self._ends_with)
        self._process.send_signal(signal.SIGCONT)  # a paused process would never see the signal before
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
        self._process = None

    def pause(self) -> None:
        """Freeze the server; its sockets stay open and silent."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def discard(self, keep_log_in: Path | None = None) -> None:
        """End the server and remove its files; its log goes to `keep_log_in` when that is given."""
        self.stop()
        if keep_log_in is not None and self.log.exists():
            keep_log_in.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.log, keep_log_in / f"{self.folder.name}.log")
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 20) -> str:
        """The end of what the server wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise ServiceFailed(f"{self.name} ended while starting\n{self.log_tail()}")
        return self._answers()


def guard(at_our_death: signal.Signals, user: str | None = None) -> list[str]:
    """The prefix of a command that must end with us, and that may have to run as somebody else."""
    setpriv = shutil.which("setpriv")
    if setpriv is None and user is None:
        return []  # not Linux: the fixtures' own clean-up has to do
    change = [f"--reuid={user}", f"--regid={user_group(user)}", "--clear-groups"] if user else []
    return [setpriv or "setpriv", f"--pdeathsig={at_our_death.name.removeprefix('SIG')}", *change]


def user_group(user: str) -> int:
    """The first group of a user, by number."""
    return pwd.getpwnam(user).pw_gid


def waits_for_input(pid: int) -> bool:
    """Whether a process sleeps in a read of a pipe or a socket (Linux): a spare worker does once it has loaded everything."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    waits_in = Path(f"/proc/{pid}/wchan").read_text()
    return state == "S" and ("read" in waits_in or "unix_stream" in waits_in)


QUIET_START_S = 1.2


def slowness() -> float:
    """How many times slower than on two quiet cores a process of ours starts now; at least 1.

    What is promised in seconds is promised on such a machine; a test multiplies by this, measured beside it.
    """
    began = time.monotonic()
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", "import media.relay"], cwd=root, check=True, timeout=120)
    return max(1.0, (time.monotonic() - began) / QUIET_START_S)
