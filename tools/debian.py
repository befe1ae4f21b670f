"""The programs that only the tests need, from Debian's packages. Standard library only.

Installs them where we are root on a Debian; anywhere else one line says what is missing. Never goes on without them.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.steps import Failure, run, step

PROGRAM_PACKAGES = {
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "turnserver": "coturn",
    "redis-server": "redis-server",
    "ffprobe": "ffmpeg",
    "setpriv": "util-linux",
    "g++": "g++",  # with the C library's headers: the packet loop under sanitizers
}
OLDEST_FIREFOX = 153  # Playwright 1.63 asks older ones for what they do not know (WebDriver BiDi, network.addDataCollector)
SOURCES = Path("/etc/apt")
SECURITY = "deb http://deb.debian.org/debian-security {codename}-security main\n"
FONTS = Path("/usr/share/fonts")
FONT_PACKAGE = "fonts-noto-cjk"
POLICY = Path("/usr/sbin/policy-rc.d")
SYSTEM_PROGRAMS = ":/usr/sbin:/sbin"  # not on every PATH


def install_test_programs() -> None:
    """Make sure of the browsers and servers of the tests. Raises Failure with one line when they cannot be installed."""
    missing = missing_packages()
    if not missing:
        return
    if not may_install():
        names = " ".join(missing)
        raise Failure(
            f"the tests need these Debian packages, with the security updates: {names} (as root: apt-get install {names})"
        )
    with step(f"installing {', '.join(missing)} with apt"):
        install_packages(missing)
    if still := missing_packages():
        raise Failure(f"apt has installed them, but these are still not found: {' '.join(still)}")


def missing_packages() -> list[str]:
    """The packages whose programs or fonts are not here, or too old."""
    path = os.environ.get("PATH", "") + SYSTEM_PROGRAMS
    missing = [package for program, package in PROGRAM_PACKAGES.items() if shutil.which(program, path=path) is None]
    if "firefox-esr" not in missing and firefox_version() < OLDEST_FIREFOX:
        missing.append("firefox-esr")
    if not any(FONTS.rglob("NotoSansCJK*")):
        missing.append(FONT_PACKAGE)
    return missing


def firefox_version() -> int:
    """The major version of the Firefox ESR on PATH; 0 when it does not say."""
    said = subprocess.run(["firefox-esr", "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    number = re.search(r"Firefox (\d+)\.", said)
    return int(number[1]) if number else 0


def may_install() -> bool:
    """Whether we are root on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(packages: list[str]) -> None:
    """Install Debian packages without questions, without recommendations and without starting what they bring."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with services_left_alone(), with_security_updates() as sources:
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3", *sources]
        run([*apt, "update", "--quiet"], env=quiet)
        run([*apt, "install", "--quiet", "--yes", "--no-install-recommends", *packages], env=quiet)


@contextmanager
def with_security_updates() -> Iterator[list[str]]:
    """Options that make apt see Debian's security updates, for this call alone, where they are not among its sources.

    A root made by debootstrap has only the release itself, whose browsers are older than those of any kept machine.
    """
    release = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    known = "".join(file.read_text() for file in SOURCES.glob("sources.list*/*")) if SOURCES.is_dir() else ""
    own = SOURCES / "sources.list"
    listed = own.read_text() if own.exists() else ""
    if "ID=debian" not in release.splitlines() or codename is None or "-security" in known + listed:
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # apt reads as its own user
        sources = Path(folder) / "sources.list"
        sources.write_text(f"{listed}\n{SECURITY.format(codename=codename[1])}")
        yield ["-o", f"Dir::Etc::SourceList={sources}"]


@contextmanager
def services_left_alone() -> Iterator[None]:
    """While this lasts, installing a server does not start it (Debian's policy-rc.d): the tests start their own."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
