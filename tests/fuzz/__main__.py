"""One Python target under atheris: python -m tests.fuzz TARGET [libFuzzer's arguments]. `make fuzz` runs it (tools/fuzz.py)."""

import sys

import atheris  # type: ignore[import-untyped]  # fetched by tools/fuzz.py, no part of the project's packages

with atheris.instrument_imports(include=["media", "signaling.sdp_gate", "common.wire"]):
    from tests.fuzz.targets import TARGETS

atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
