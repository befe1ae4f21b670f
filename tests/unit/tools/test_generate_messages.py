"""The browser's types and the tables of MESSAGES.md say what the models say, and a stale file is noticed."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import Field

from common.wire import Id, LocalText
from signaling.socket import messages

ROOT = Path(__file__).resolve().parents[3]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_messages", ROOT / "tools" / "generate_messages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "string"),
        (Id, "string"),
        (int | None, "number | null"),
        (list[Id], "string[]"),
        (list[int | None], "(number | null)[]"),
        (Literal["a", "b"], '"a" | "b"'),
        (Literal[1], "1"),
        (Annotated[int, Field(ge=1)], "number"),
        (LocalText, "LocalText"),
        (messages.Role, "Role"),
    ],
)
def test_types_are_spelled_in_typescript(annotation: object, expected: str) -> None:
    assert generate.typescript_type(annotation) == expected


def test_every_model_field_and_message_is_in_both_outputs() -> None:
    script, tables = generate.typescript(), generate.tables()
    for model in generate.models():
        assert f"export interface {model.__name__} {{" in script
        assert f"### {model.__name__}\n" in tables
        section = tables.split(f"### {model.__name__}\n")[1].split("###")[0]
        for name in model.model_fields:
            assert f"`{name}`" in section
    for name in [*messages.CLIENT_MESSAGES, *messages.SERVER_MESSAGES]:
        assert f"  {name}: " in script
        assert f"| `{name}` |" in tables


def test_a_field_with_a_default_may_be_left_out() -> None:
    assert "birth_year?: number | null;" in generate.typescript()
    assert "| `birth_year` * | integer or null, ≥ 1890, ≤ 2100 |" in generate.tables()


def test_check_fails_on_a_stale_file_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, tables = tmp_path / "messages.ts", tmp_path / "MESSAGES.md"
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "TYPESCRIPT", script)
    monkeypatch.setattr(generate, "TABLES", tables)
    assert generate.main(["--check"]) == 1
    assert not script.exists()
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    script.write_text(script.read_text(encoding="utf-8") + "// by hand\n", encoding="utf-8")
    assert generate.main(["--check"]) == 1


def test_the_committed_files_are_fresh() -> None:
    assert generate.main(["--check"]) == 0
