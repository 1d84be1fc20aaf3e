"""Logs of a watch: one JSON object a line, on standard error. They hold names of things and numbers, no text and no secret.

Names come from strangers too (files, topics), so what acts on a terminal is written out.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import IO

import msgspec

from stillwatch._internal.text import shorten, terminal_safe

ROOT = "stillwatch.apps.watch"
LONGEST = 300
FIELDS = (
    "accepted", "accounts", "again_in", "arrived", "backlog", "batch", "campaigns", "changes", "duplicates", "exchanges",
    "files", "future", "hint", "late", "listening", "origin", "output", "partition", "reason", "rejected", "rows", "seconds",
    "seen", "source", "state", "status", "type",
)  # fmt: skip
"""Fields that a line may have beside time, level and message; whatever else a record carries is left out."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, message, and the known fields that it carries."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": _safe(record.getMessage()),
        }
        for name in FIELDS:
            value = record.__dict__.get(name)
            if value is not None:
                line[name] = _safe(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return msgspec.json.encode(line).decode()


def _safe(text: str) -> str:
    return shorten(terminal_safe(text), LONGEST)


def begin(stream: IO[str], level: int = logging.INFO) -> logging.Handler:
    """Send the watch's logs to ``stream``; returns the handler, for :func:`end`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger(ROOT)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    return handler


def end(handler: logging.Handler) -> None:
    """Undo :func:`begin`."""
    logger = logging.getLogger(ROOT)
    logger.removeHandler(handler)
    logger.propagate = True
    handler.close()
