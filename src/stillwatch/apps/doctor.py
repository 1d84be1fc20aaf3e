"""Whether this machine can run a hunt: libraries, the shipped table, memory, disk, a place for temporary files.

Every check is a value with what was found and, where it fails, what to do. Facts of the machine come in as arguments.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GIB = 1024**3
NEEDED_MEMORY = 3 * GIB
NEEDED_DISK = 2 * GIB
LIBRARIES = (
    "duckdb",
    "numpy",
    "scipy",
    "pyarrow",
    "msgspec",
    "cyclopts",
    "rich",
    "jinja2",
    "pyyaml",
    "rensa",
    "xxhash",
    "py3langid",
    "graspologic-native",
)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "plots": ("matplotlib",),
    "bench": ("polars", "scikit-learn"),
    "lab": ("matplotlib", "optuna", "scikit-learn"),
    "distill": ("model2vec",),
    "watch": ("opentelemetry-proto", "prometheus-client", "starlette", "uvicorn"),
    "nats": ("nats-py",),
    "kafka": ("confluent-kafka",),
    "engines": ("ibis-framework",),
    "spark": ("ibis-framework", "pandas", "pyspark"),
    "clickhouse": ("chdb", "ibis-framework"),
}
_TABLE = "stillwatch.detect.sketch"


class Check(msgspec.Struct, frozen=True):
    """One thing looked at: ``state`` is ``ok``, ``note`` (works, but weaker) or ``fail`` (a hunt cannot run)."""

    name: str
    state: str
    found: str
    remedy: str = ""


class Examination(msgspec.Struct, frozen=True):
    """All checks, and what to do next."""

    checks: tuple[Check, ...]
    next: str

    @property
    def healthy(self) -> bool:
        """Whether a hunt can run."""
        return all(check.state != "fail" for check in self.checks)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def libraries(names: Iterable[str] = LIBRARIES) -> list[Check]:
    """Versions of what Stillwatch stands on."""
    checks = []
    for name in names:
        version = _version(name)
        remedy = "" if version else "Install Stillwatch again: pip install --force-reinstall stillwatch"
        checks.append(Check(name, "ok" if version else "fail", version or "missing", remedy))
    return checks


def python() -> Check:
    """The interpreter."""
    enough = sys.version_info >= (3, 11)
    return Check(
        "python", "ok" if enough else "fail", platform.python_version(), "" if enough else "Use Python 3.11 or newer."
    )


def static_table() -> Check:
    """The shipped embedding table and its digest; without it content is seen through hashed n-grams."""
    remedy = "Install Stillwatch again; until then content is seen through hashed n-grams, and more weakly."
    try:
        folder = resources.files(_TABLE).joinpath("table")
        files = sorted((each for each in folder.iterdir() if each.is_file()), key=lambda each: each.name)
    except (ModuleNotFoundError, OSError):
        return Check("static table", "note", "missing", remedy)
    if not any(each.name.endswith((".npy", ".safetensors")) for each in files):
        return Check("static table", "note", "missing", remedy)
    digest, size = hashlib.sha256(), 0
    for each in files:
        data = each.read_bytes()
        size += len(data)
        digest.update(each.name.encode() + b"\0" + hashlib.sha256(data).digest())
    return Check("static table", "ok", f"{size / 1024**2:.1f} MiB, sha256 {digest.hexdigest()}")


def memory_of_machine(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes of memory available, as Linux tells; None where it does not."""
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def memory(available: int | None) -> Check:
    """Memory at hand, against what a log of half a million exchanges needs."""
    if available is None:
        return Check("memory", "note", "unknown", "")
    state = "ok" if available >= NEEDED_MEMORY else "note"
    remedy = (
        ""
        if state == "ok"
        else f"Half a million exchanges need up to {NEEDED_MEMORY / GIB:.0f} GiB; hunt in a shorter log."
    )
    return Check("memory", state, f"{available / GIB:.1f} GiB available", remedy)


def processors(number: int | None) -> Check:
    """Processors at hand."""
    return Check("processors", "ok", str(number or 1))


def temporary(folder: Path) -> list[Check]:
    """Whether temporary files can be written, and how much room there is."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"stillwatch")
            file.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return [
            Check(
                "temporary files", "fail", f"{folder}: {error.strerror}", "Set TMPDIR to a folder that can be written."
            )
        ]
    enough = free >= NEEDED_DISK
    remedy = "" if enough else "Free space there or set TMPDIR to a larger disk."
    return [
        Check("temporary files", "ok", f"{folder} can be written"),
        Check("disk", "ok" if enough else "note", f"{free / GIB:.1f} GiB free for temporary files", remedy),
    ]


def extras(known: Mapping[str, tuple[str, ...]] = EXTRAS) -> list[Check]:
    """Which extras are installed; none is needed for a hunt."""
    checks = []
    for extra, names in known.items():
        there = all(_version(name) for name in names)
        found = "installed" if there else f"not installed (pip install 'stillwatch[{extra}]')"
        checks.append(Check(f"extra {extra}", "ok", found))
    return checks


def examine(folder: Path | None = None) -> Examination:
    """Look at everything."""
    checks = [
        python(),
        *libraries(),
        static_table(),
        processors(os.cpu_count()),
        memory(memory_of_machine()),
        *temporary(folder or Path(tempfile.gettempdir())),
        *extras(),
    ]
    failed = [check for check in checks if check.state == "fail"]
    if failed:
        advice = f"Mend this first: {failed[0].name} ({failed[0].found}). {failed[0].remedy}".strip()
    else:
        advice = "Ready. Next: stillwatch hunt EXCHANGES --accounts ACCOUNTS --out DIR"
    return Examination(tuple(checks), advice)
