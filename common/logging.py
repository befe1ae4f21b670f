"""Structured logs: a static message and fields. Decides their form and drops what must never be in one.

Personal data stays out by writing none; the filter here is the second wall: a field whose name promises free text, an
address or a secret is replaced before it is written.
"""

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

_NEVER = frozenset(
    {"name", "reason", "text", "sdp", "token", "password", "cookie", "address", "remote", "ip", "email", "phone", "body", "url"}
)


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if key in _NEVER:
            event[key] = "[redacted]"
    return event


def configure_logging(level: str, form: Literal["auto", "text", "json"], process: str) -> None:
    """Send structured logs of this process to standard error, one line each; `auto` is text on a terminal, else JSON."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if text else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries: their messages quote addresses and SDP, so only errors come through, and those without arguments.
    logging.basicConfig(level=logging.ERROR, handlers=[_LibraryHandler()], force=True)


class _Unfailing:
    """Standard error, where a line that cannot be written (a full disk behind it) is lost and fails nobody's request."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


class _LibraryHandler(logging.Handler):
    """Passes on that a library failed and where, never what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        where = None
        if record.exc_info and (trace := record.exc_info[2]) is not None:
            while trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
        structlog.get_logger().error("library error", library=record.name, fault=fault, where=where)
