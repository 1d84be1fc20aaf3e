"""Which files a source names, and what each of them holds.

Content decides before the name does: a file renamed by an export job is still read for what it is.
"""

from __future__ import annotations

import glob
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from stillwatch.errors import InputError

_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LINE_NAMES = (".jsonl", ".ndjson", ".json")
_PACKED_NAMES = (".gz", ".zst")


class Form(StrEnum):
    """What a file holds."""

    PARQUET = "parquet"
    LINES = "json lines"
    LINES_GZIP = "json lines, gzip"
    LINES_ZSTD = "json lines, zstd"
    UNKNOWN = "unknown"


class LogFile(NamedTuple):
    """One file of a log; ``name`` is what reports call it."""

    path: Path
    name: str
    form: Form
    size: int


def _form(path: Path, head: bytes) -> Form:
    suffixes = path.suffixes
    lines = any(suffix in _LINE_NAMES for suffix in suffixes[-2:])
    if head.startswith(_GZIP):
        return Form.LINES_GZIP
    if head.startswith(_ZSTD):
        return Form.LINES_ZSTD
    if head.startswith(_PARQUET) or path.suffix in {".parquet", ".pq"}:
        return Form.PARQUET
    if path.suffix in _PACKED_NAMES and head:
        return Form.UNKNOWN
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return Form.LINES if lines or text.startswith(b"{") else Form.UNKNOWN


def _named(source: Path) -> list[Path]:
    """Files below a folder, in the order of their names; hidden files and markers of other tools are none of ours."""
    below = (path for path in source.rglob("*") if path.is_file())
    return sorted(p for p in below if not any(part.startswith((".", "_")) for part in p.relative_to(source).parts))


def find(source: str | Path) -> list[LogFile]:
    """The files that ``source`` (a file, a folder or a glob) names, in the order of their names.

    Raises:
        InputError: nothing is there.
    """
    path = Path(source)
    whole = path.is_file()
    if whole:
        paths = [path]
    elif path.is_dir():
        paths = _named(path)
    else:
        names = glob.glob(str(source), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        paths = sorted(path for path in map(Path, names) if path.is_file())
    if not paths:
        there = "the folder holds no file" if path.is_dir() else "there is no such file"
        raise InputError(
            f"Cannot read {source}: {there}.",
            hint="Name a Parquet or JSON Lines file, a folder of them, or a quoted glob such as 'log/*.parquet'.",
        )
    files = []
    for each in paths:
        try:
            with each.open("rb") as stream:
                head = stream.read(64)
            size = each.stat().st_size
        except OSError as error:
            raise InputError(f"Cannot read {each}: {error.strerror}.", hint="Check the permissions.") from error
        name = each.name if whole or not path.is_dir() else each.relative_to(path).as_posix()
        files.append(LogFile(each, name, _form(each, head), size))
    if all(file.form is Form.UNKNOWN for file in files):
        raise InputError(
            f"Cannot read {source}: neither Parquet nor JSON Lines.",
            hint="For other sources, first run: stillwatch ingest SOURCE --out FOLDER",
        )
    return files
