"""One Python target under atheris: python -m tests.fuzz TARGET [libFuzzer's arguments]. `make fuzz` runs it (tools/fuzz.py)."""

import logging
import sys

import atheris  # type: ignore[import-untyped]  # fetched by tools/fuzz.py, no part of the project's packages
import structlog

for name in ("json", "json.decoder", "json.scanner"):  # whoever has them keeps theirs; the target's own are watched
    sys.modules.pop(name, None)
with atheris.instrument_imports(include=["media", "signaling.sdp_gate", "common.wire", "json.decoder", "json.scanner"]):
    from tests.fuzz import channel
    from tests.fuzz.targets import TARGETS

channel.branch = atheris.instrument_func(channel.branch)
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
