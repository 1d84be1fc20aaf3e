"""What a detector of the benchmark is: fit on a log without attackers (or on nothing), then write verdicts of another.

A detector never sees the truth. It writes the contract's ``verdicts.parquet`` and, where it reports campaigns,
``campaigns.parquet``, so that anything that writes these tables can be scored the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from stillwatch.lab.detectors.traffic import View


class Fitted(Protocol):
    """A detector ready to judge."""

    @property
    def settings(self) -> str:
        """Its settings, in words."""
        ...

    def write(self, log: View, out: Path, /) -> None:
        """Write ``verdicts.parquet`` (one row for each account of the log) to the folder ``out``."""
        ...


class Detector(Protocol):
    """A detector before it has seen anything."""

    @property
    def name(self) -> str:
        """Short name without spaces."""
        ...

    @property
    def title(self) -> str:
        """Name as people read it."""
        ...

    @property
    def text(self) -> bool:
        """Whether it needs prompts."""
        ...

    def fit(self, reference: View, /) -> Fitted:
        """Learn from a log without attackers; a detector that learns nothing returns itself."""
        ...
