"""Everything between a fresh clone and a running `make` target, on a machine with only Python, git and make.

Decides what each target needs and in which order; how a thing is found or fetched is decided in uv.py, node.py and debian.py.
`python3 -m tools.bootstrap run` ends by becoming the server, so that Ctrl-C and the exit code are the server's own.
"""

import os
import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036  (read by whatever python3 is found)
    sys.exit("Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.x run" % sys.version_info[:2])  # noqa: UP031

from tools.debian import install_test_programs
from tools.node import build_web, install_web_packages
from tools.plane import build_plane
from tools.steps import PROGRAMS, ROOT, Failure, alone
from tools.uv import PYTHON, install_python_packages

PURPOSES = {
    "run": ["-m", "signaling"],
    "code": ["-m", "signaling", "code"],
    "build": None,
    "setup": None,
    "fix": ["-m", "tools.stages", "fix"],
    "check": ["-m", "tools.stages", "check"],
    "bench": ["-m", "bench", "--write"],
    "soak": ["-m", "tests.load.soak", "--write"],
    "fuzz": ["-m", "tools.fuzz"],
    "bench-adapt": ["-m", "bench.adapt", "--write"],
    "test": ["-m", "tools.stages", "test"],
    "screenshots": ["-m", "tools.screenshots"],
}


def main(arguments: list[str]) -> int:
    """Prepare the machine for a purpose, then become the program that serves it, if there is one. Returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in PURPOSES:
        print(f"usage: python3 -m tools.bootstrap {'|'.join(PURPOSES)}", file=sys.stderr)
        return 2
    purpose = arguments[0]
    os.chdir(ROOT)
    try:
        with alone():
            prepare(purpose)
    except Failure as failure:
        if failure.output:
            print(failure.output, file=sys.stderr)
        print(f"Consilium cannot be set up: {failure}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Consilium cannot be set up: {error.strerror}: {error.filename}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    program = PURPOSES[purpose]
    if program is not None:
        sys.stdout.flush()
        os.execv(PYTHON, [str(PYTHON), *program])
    return 0


def prepare(purpose: str) -> None:
    """Install and build what the purpose needs, skipping what is there already."""
    os.environ["PATH"] = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"  # fetched only where nothing else would do
    if purpose in ("test", "setup", "screenshots", "bench-adapt"):
        install_test_programs()
    install_python_packages(for_tests=purpose not in ("run", "build", "code"))
    build_plane()
    if purpose in ("run", "build", "test", "setup", "screenshots", "bench-adapt"):
        build_web()
    if purpose not in ("run", "build", "code"):
        install_web_packages()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
