"""The product's own server as a process of a test: `python -m signaling` on a free port with settings of its own."""

import contextlib
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from tests.processes import Service, ServiceFailed, unused_port
from tests.second_factor import Authenticator

REPOSITORY = Path(__file__).resolve().parent.parent
CRASHED = "Fatal Python error"
"""How faulthandler begins, which all of the product's processes enable."""


class Signaling(Service):
    """One signaling process with its media workers. `settings` are CONSILIUM_* variables without the prefix."""

    def __init__(self, *, workers: int = 1, **settings: str) -> None:
        self.port = unused_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._probe = "/health/ready" if workers else "/health/live"
        super().__init__("signaling", self._serves)
        self.sessions: dict[str, str] = {}
        """Staff number → value of a cookie that is signed in, for tests that are not about signing in."""
        self._authenticator: Authenticator | None = None
        given = {"data": str(self.folder / "data"), "log_format": "json"} | settings
        self._data = Path(given["data"])
        ours = {f"CONSILIUM_{name.upper()}": value for name, value in given.items()}
        clean = [f"{name}={value}" for name, value in os.environ.items() if not name.startswith("CONSILIUM_")]
        self.command = [
            "env", "-i", *clean, *(f"{name}={value}" for name, value in ours.items()),
            f"CONSILIUM_PORT={self.port}", f"CONSILIUM_MEDIA_WORKERS={workers}", f"PYTHONPATH={REPOSITORY}",
            sys.executable, "-m", "signaling",
        ]  # fmt: skip

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._data

    @property
    def authenticator(self) -> Authenticator:
        """The app that the sample's staff have on their phones."""
        if self._authenticator is None:
            self._authenticator = Authenticator.of_sample(self.data)
        return self._authenticator

    def discard(self, keep_log_in: Path | None = None) -> None:
        """As of any server. A process of it that crashed is a failure, though another took its place and no call was lost."""
        self.stop()  # or what crashes at the end is not seen
        said = self.greeting() if self.log.exists() else ""
        super().discard(keep_log_in)
        if CRASHED in said:
            raise ServiceFailed(f"a process of {self.name} crashed\n{CRASHED}{said.partition(CRASHED)[2][:2000]}")

    def greeting(self) -> str:
        """Everything that the server printed so far."""
        return self.log.read_text(errors="replace")

    def _serves(self) -> bool:
        try:
            with urllib.request.urlopen(self.base + self._probe, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def discard_all(servers: Iterable[Service], keep_log_in: Path | None = None) -> None:
    """Each of them, whatever befalls another."""
    with contextlib.ExitStack() as ends:
        for server in servers:
            ends.callback(server.discard, keep_log_in)


def children(server: Signaling, module: str) -> list[int]:
    """The processes of this server that run a module."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if module in words and (process / "cwd").readlink() == server.folder:
                found.append(int(process.name))
    return sorted(found)
