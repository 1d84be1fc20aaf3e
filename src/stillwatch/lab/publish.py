"""Results as JSON, as a table on the terminal, and as a generated part of a page of the documentation.

A generated part stands between two comments that name it, so that it can be made anew without touching the page.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "stillwatch",
    "numpy",
    "scipy",
    "duckdb",
    "pyarrow",
    "graspologic-native",
    "scikit-learn",
    "optuna",
    "honeypotllm",
)


def machine(packages: Sequence[str] = PACKAGES) -> dict[str, object]:
    """What the figures were measured on, without anything that names the machine."""
    found: dict[str, object] = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
    }
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write ``values`` with a stable layout, ending in a line feed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    # lists of numbers on one line: the file is read by people too
    text = re.sub(r"\[[\s\d.,e+-]+\]", lambda m: " ".join(m[0].split()), text)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)  # all of it or nothing


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; cells are our own words and numbers, and bars in them are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines)


def plain(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table for a terminal, columns aligned."""
    widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in (head, *rows))


def fill(page: Path, name: str, body: str) -> None:
    """Replace what stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->`` in ``page``.

    Raises:
        ValueError: when the page lacks either comment, or has them in the wrong order.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    start, stop = text.find(begin), text.find(end)
    if start < 0 or stop < start:
        raise ValueError(f"{page.name} lacks the comments {begin} and {end}")
    page.write_text(f"{text[: start + len(begin)]}\n{body}\n{text[stop:]}", encoding="utf-8")
