"""Setting up: what is fetched is what we know or nothing, and what is done is not done again."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import steps, uv
from tools.steps import Failure

NAME, _ = uv.WHEELS["Linux", "x86_64"]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A package index on loopback: path and body of what it serves."""
    served: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    yield served
    server.shutdown()
    server.server_close()


def test_a_file_that_is_not_the_known_one_is_refused(index: dict[str, bytes]) -> None:
    index["/simple/uv/"] = f'{{"files": [{{"filename": "{NAME}", "url": "../../files/{NAME}"}}]}}'.encode()
    index[f"/files/{NAME}"] = b"something else"
    with pytest.raises(Failure, match="SHA-256 differs"):
        uv.from_index()


def test_an_index_without_the_wheel_is_named(index: dict[str, bytes]) -> None:
    index["/simple/uv/"] = b'{"files": []}'
    with pytest.raises(Failure, match="does not offer"):
        uv.from_index()


def test_an_index_that_does_not_answer_is_named(index: dict[str, bytes]) -> None:
    with pytest.raises(Failure, match=r"127\.0\.0\.1 cannot be reached"):
        uv.from_index()


@pytest.mark.parametrize(
    "listing",
    [
        f'{{"files": [{{"filename": "{NAME}", "url": "../files/{NAME}"}}]}}',
        f'<html><a href="../files/{NAME}#sha256=00">{NAME}</a></html>',
    ],
)
def test_both_forms_of_an_index_are_read(listing: str) -> None:
    assert uv.wheel_address("https://index.example/simple/uv/", listing, NAME) == f"https://index.example/simple/files/{NAME}"


def test_a_step_is_remembered_only_when_it_succeeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps")
    with steps.once("step", "first"):
        assert not steps.is_done("step", "first")
    assert steps.is_done("step", "first")
    assert not steps.is_done("step", "second")
    with pytest.raises(OSError, match="broken"), steps.once("step", "second"):
        raise OSError("broken")
    assert not steps.is_done("step", "first")
    assert not steps.is_done("step", "second")


def test_a_failing_program_is_told_in_a_line_with_its_output_beside() -> None:
    with pytest.raises(Failure, match=r"`sh -c echo why; exit 3` failed \(exit code 3\)") as failure:
        steps.run(["sh", "-c", "echo why; exit 3"])
    assert failure.value.output == "why"


def test_a_missing_program_is_told_in_a_line() -> None:
    with pytest.raises(Failure, match="`no-such-program` cannot be run"):
        steps.run(["no-such-program"])
