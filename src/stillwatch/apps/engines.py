"""Which engine a hunt runs on, and what it takes to begin one. Their libraries are extras and are imported here, when asked for."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.errors import UsageError

if TYPE_CHECKING:
    from stillwatch.events.engines.protocol import Engine


class EngineName(StrEnum):
    """Where a hunt reads and sums the log."""

    MEMORY = "memory"
    DUCKDB = "duckdb"
    SPARK = "spark"


_NEEDS = {
    EngineName.MEMORY: (),
    EngineName.DUCKDB: (("ibis", "engines"),),
    EngineName.SPARK: (("ibis", "spark"), ("pyspark", "spark")),
}
"""Modules, and the extra that has each."""


def begun(name: EngineName, *, memory: str, folder: Path, master: str, scratch: str | None) -> Engine:
    """An engine, begun; its user closes it.

    Args:
        name: Which one; ``memory`` is none.
        memory: Limit of the embedded engine, or the heap of Spark's driver: in local mode all of Spark's.
        folder: Where the embedded engine may keep rows while it runs.
        master: Spark's master.
        scratch: A place that all workers of a cluster reach.

    Raises:
        UsageError: its libraries are not installed.
        StillwatchError: it cannot be begun.
    """
    for module, extra in _NEEDS[name]:
        if find_spec(module) is None:
            raise UsageError(
                f"--engine {name} needs {module}, which is not installed", hint=f"pip install 'stillwatch[{extra}]'"
            )
    if name is EngineName.SPARK:
        from stillwatch.events.engines.spark import SparkEngine  # noqa: PLC0415 - an extra

        return SparkEngine(master, memory=heap(memory), scratch=scratch)
    from stillwatch.events.engines.duck import DuckEngine  # noqa: PLC0415 - an extra

    return DuckEngine(memory=memory, folder=folder)


def heap(memory: str) -> str:
    """A size such as ``2GB`` as Java writes it, in whole MiB."""
    number = memory.rstrip("KMGTiBkmgtb ").strip()
    unit = memory[len(number) :].strip().upper()[:1]
    return f"{max(1, round(float(number) * {'K': 1 / 1024, 'M': 1, 'G': 1024, 'T': 1024 * 1024}[unit]))}m"
