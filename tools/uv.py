"""Python's packages: finds or fetches uv, and lets it install what uv.lock says. Standard library only.

uv comes from PATH, else from an earlier fetch, else through pip where there is one, else straight from the package index. What
is fetched is one pinned version whose SHA-256 is written here; the Linux ones are linked statically and run on any libc.
"""

import hashlib
import io
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

from tools.debian import install_packages, may_install
from tools.steps import PROGRAMS, ROOT, Failure, fingerprint, is_done, once, run, step

VERSION = "0.13.9"
OLDEST = (0, 8)  # older ones do not know this revision of uv.lock
WHEELS = {
    ("Linux", "x86_64"): (
        f"uv-{VERSION}-py3-none-musllinux_1_1_x86_64.whl",
        "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    ),
    ("Linux", "aarch64"): (
        f"uv-{VERSION}-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("Darwin", "x86_64"): (
        f"uv-{VERSION}-py3-none-macosx_10_12_x86_64.whl",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("Darwin", "arm64"): (
        f"uv-{VERSION}-py3-none-macosx_11_0_arm64.whl",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}
# pip chooses among these by itself.
PIP_ALSO_CHOOSES = (
    "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",  # manylinux_2_17_x86_64
    "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",  # manylinux_2_28_aarch64
)
LARGEST_BYTES = 64 << 20
TIMEOUT_S = 60
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"


def install_python_packages(for_tests: bool) -> None:
    """Make .venv hold what uv.lock says; what the tests need stays there when it is there already."""
    group = "tests" if for_tests else "run"
    state = fingerprint([ROOT / "uv.lock", ROOT / "pyproject.toml"], sys.version)
    enough = ("python-tests",) if for_tests else ("python-tests", "python-run")
    if PYTHON.exists() and any(is_done(name, state) for name in enough):
        return
    uv = find_uv()
    choice = ["--all-groups"] if for_tests else ["--no-dev", "--inexact"]
    with step("installing Python packages"), once(f"python-{group}", state):
        run([uv, "sync", "--frozen", "--python", sys.executable, *choice], env=uv_environment())


def uv_environment() -> dict[str, str]:
    """What uv is told beside its arguments: use this Python, fetch no other, and ask the index that pip was told to ask."""
    # Compiled once here, not at the start of each of our processes (four seconds each where nothing may be written).
    told = {"UV_COMPILE_BYTECODE": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT)}
    if "PIP_INDEX_URL" in os.environ and "UV_DEFAULT_INDEX" not in os.environ:
        told["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"]
    if has_certificates():
        told["UV_SYSTEM_CERTS"] = "1"  # a hospital's network often signs for others; its authority is in the system's store
    return told


def find_uv() -> Path:
    """The path of a uv that is new enough, fetched when there is none."""
    found = shutil.which("uv")
    if found and is_new_enough(Path(found)):
        return Path(found)
    target = PROGRAMS / "uv"
    with step(f"fetching uv {VERSION}"):
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        if not by_pip(target):
            install_program(from_index(), target)
    return target


def is_new_enough(uv: Path) -> bool:
    """Whether this is a uv that runs and knows our lock; a stray shim on PATH is neither."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    number = re.match(r"uv (\d+)\.(\d+)", said)
    return number is not None and (int(number[1]), int(number[2])) >= OLDEST


def by_pip(target: Path) -> bool:
    """Fetch uv with pip, which knows a company's proxies and indexes; False where there is no pip or it cannot."""
    hashes = [*(digest for _, digest in WHEELS.values()), *PIP_ALSO_CHOOSES]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(" ".join([f"uv=={VERSION}", *(f"--hash=sha256:{digest}" for digest in hashes)]) + "\n")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        try:
            run([*pip, "--require-hashes", "--no-deps", "--target", folder, "-r", wanted], timeout_s=300)
            install_program((Path(folder) / "bin" / "uv").read_bytes(), target)
        except (Failure, OSError):
            return False
    return True


def from_index() -> bytes:
    """The program uv out of its wheel, from the package index (PEP 691, or PEP 503 where the index knows only that)."""
    machine = (platform.system(), platform.machine())
    if machine not in WHEELS:
        raise Failure(f"no uv is known for {' '.join(machine)}: install uv (https://docs.astral.sh/uv/) and try again")
    name, digest = WHEELS[machine]
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    trust = certificates()
    page = f"{index.rstrip('/')}/uv/"
    wheel = download(wheel_address(page, download(page, trust).decode(errors="replace"), name), trust)
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise Failure(f"{name} from {index} is not the file we know (its SHA-256 differs)")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return archive.read(f"uv-{VERSION}.data/scripts/uv")


def wheel_address(page: str, listing: str, name: str) -> str:
    """Where the index keeps the file, as the index itself says."""
    if listing.lstrip().startswith("{"):
        addresses = [file["url"] for file in json.loads(listing)["files"] if file["filename"] == name]
    else:
        addresses = [link for link in re.findall(r'href="([^"#]+)', listing) if link.endswith(name)]
    if not addresses:
        raise Failure(f"{page} does not offer {name}: set UV_DEFAULT_INDEX to an index that does, or install uv")
    return urllib.parse.urljoin(page, str(addresses[0]))


def download(address: str, trust: ssl.SSLContext) -> bytes:
    """The body at an address, bounded in size and time; proxies are taken from the environment."""
    asked = urllib.request.Request(
        address, headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.1, */*;q=0.01"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT_S, context=trust) as answer:
            body: bytes = answer.read(LARGEST_BYTES + 1)
    except urllib.error.URLError as error:
        cure = "; if your network signs for others, set SSL_CERT_FILE" if isinstance(error.reason, ssl.SSLError) else ""
        raise Failure(f"{urllib.parse.urlsplit(address).hostname} cannot be reached ({error.reason}){cure}") from error
    except (OSError, ValueError) as error:
        raise Failure(f"{urllib.parse.urlsplit(address).hostname or address} cannot be reached: {error}") from error
    if len(body) > LARGEST_BYTES:
        raise Failure(f"{address} is larger than {LARGEST_BYTES >> 20} MiB: this is not uv")
    return body


def certificates() -> ssl.SSLContext:
    """Whom we believe: SSL_CERT_FILE or the system's authorities, installed first where the system has none."""
    if not has_certificates():
        if not may_install():
            raise Failure("no TLS certificates: install the package ca-certificates, or set SSL_CERT_FILE")
        install_packages(["ca-certificates"])
    return ssl.create_default_context()


def has_certificates() -> bool:
    """Whether OpenSSL would find an authority to trust."""
    places = ssl.get_default_verify_paths()
    return bool(places.cafile) or bool(places.capath and any(Path(places.capath).glob("*.0")))


def install_program(program: bytes, target: Path) -> None:
    """Put a program in place whole or not at all."""
    part = target.with_suffix(".part")
    part.write_bytes(program)
    part.chmod(0o755)
    part.replace(target)
