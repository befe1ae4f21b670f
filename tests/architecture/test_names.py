"""Every folder of tests is a package, so that tests/unit/signaling can never be taken for the package signaling."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {folder for file in TESTS.rglob("*.py") for folder in file.parents if folder.is_relative_to(TESTS)}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []
