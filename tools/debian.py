"""The programs that only the tests need, from Debian's packages. Standard library only.

Installs them where we are root on a Debian; anywhere else one line says what is missing. Never goes on without them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.steps import Failure, run, step

PROGRAM_PACKAGES = {
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "turnserver": "coturn",
    "redis-server": "redis-server",
    "setpriv": "util-linux",
}
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
        raise Failure(f"the tests need these Debian packages: {' '.join(missing)} (as root: apt-get install {' '.join(missing)})")
    with step(f"installing {', '.join(missing)} with apt"):
        install_packages(missing)
    if still := missing_packages():
        raise Failure(f"apt has installed them, but these are still not found: {' '.join(still)}")


def missing_packages() -> list[str]:
    """The packages whose programs or fonts are not here."""
    path = os.environ.get("PATH", "") + SYSTEM_PROGRAMS
    missing = [package for program, package in PROGRAM_PACKAGES.items() if shutil.which(program, path=path) is None]
    if not any(FONTS.rglob("NotoSansCJK*")):
        missing.append(FONT_PACKAGE)
    return missing


def may_install() -> bool:
    """Whether we are root on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(packages: list[str]) -> None:
    """Install Debian packages without questions, without recommendations and without starting what they bring."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
    with services_left_alone():
        run(["apt-get", *wait, "update", "--quiet"], env=quiet)
        run(["apt-get", *wait, "install", "--quiet", "--yes", "--no-install-recommends", *packages], env=quiet)


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
