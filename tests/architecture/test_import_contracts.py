"""The import contracts bite: each row of the table is broken once in a copy of the sources, and `lint-imports` must name it."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]

VIOLATIONS = {
    "an arrow up, from the ground": ("common", "import rooms"),
    "an arrow up, from media": ("media", "import signaling"),
    "an arrow up, from rooms": ("rooms", "import signaling"),
    "recording stands above media": ("media", "import recording"),
    "media looks into rooms": ("media", "import rooms"),
    "rooms looks into media": ("rooms", "import media"),
    "rooms looks into the clinic": ("rooms", "import clinic"),
    "a store outside of app": ("signaling", "import rooms.store"),
    "the domain knows its own store": ("rooms", "import rooms.store"),
    "the media core leaves the standard library": ("media/core", "import structlog"),
    "the media core takes the ground floor": ("media/core", "import common"),
    "the recording core leaves its own": ("recording/core", "import media.core"),
    "the domain speaks HTTP": ("rooms", "import aiohttp"),
    "the domain speaks SQL": ("clinic", "import sqlalchemy"),
    "a store speaks HTTP": ("rooms/store", "import aiohttp"),
    "the clinic's store speaks HTTP": ("clinic/store", "import aiohttp"),
    "Redis outside of its carrier": ("media/control", "import redis"),
    "WebRTC in the control channel": ("media/control", "import aiortc"),
    "SQL in media": ("media/rtc", "import sqlalchemy"),
    "SQL on the ground": ("common", "import sqlalchemy"),
    "HTTP in the evidence": ("common/evidence", "import aiohttp"),
    "a web server in recording": ("recording", "import aiohttp"),
    "a dependency nobody thought of": ("media/core", "import nobody_thought_of_it"),
    "only for its types": ("rooms", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import media"),
    "inside a function": ("rooms", "def late() -> None:\n    import media"),
}
CYCLE = {"rooms/stray_there.py": "import rooms.stray_back", "rooms/stray_back.py": "import rooms.stray_there"}
STRAYS = {violation: f"stray_{number:02}" for number, violation in enumerate(VIOLATIONS)}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    copy = tmp_path_factory.mktemp("sources")
    for package in (*SETTINGS["root_packages"], "tools"):
        shutil.copytree(REPOSITORY / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    return copy


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the sources in `folder`."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_sources_keep_the_contracts(sources: Path) -> None:
    outcome = lint(sources)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def complaints(sources: Path) -> Iterator[str]:
    """What lint-imports says when every violation is planted, each in a module of its own."""
    planted = {sources / VIOLATIONS[name][0] / f"{stray}.py": VIOLATIONS[name][1] for name, stray in STRAYS.items()}
    planted |= {sources / path: code for path, code in CYCLE.items()}
    for path, code in planted.items():
        path.write_text(code + "\n")
    outcome = lint(sources)
    for path in planted:
        path.unlink()
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    yield outcome.stdout


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_named(complaints: str, violation: str) -> None:
    package = VIOLATIONS[violation][0].replace("/", ".")
    assert f"{package}.{STRAYS[violation]} " in complaints


def test_a_cycle_is_named(complaints: str) -> None:
    assert "No cycles are allowed in rooms." in complaints


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = grimp.build_graph(*SETTINGS["root_packages"], cache_dir=None)
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()


def test_every_module_is_bound_by_a_contract() -> None:
    """Signaling, on the top floor, may import everything; each other module stands in exactly one row of the table."""
    rows = [contract for contract in SETTINGS["contracts"] if contract["type"] == "may_import"]
    bound: dict[str, int] = {}
    for package in set(SETTINGS["root_packages"]) - {"signaling"}:
        for file in (REPOSITORY / package).rglob("*.py"):
            module = ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
            bound[module] = sum(covers(row["modules"], module) and not covers(row.get("excluded", []), module) for row in rows)
    assert {module: count for module, count in bound.items() if count != 1} == {}


def covers(packages: list[str], module: str) -> bool:
    """Whether a module is one of the packages or inside one of them."""
    return any(module == package or module.startswith(package + ".") for package in packages)
