"""What was set aside while reading, and why: counts for every reason, a sample of places, never the record's text."""

from __future__ import annotations

from collections import Counter

import msgspec

from stillwatch.errors import RejectedOverBudget
from stillwatch.events.model import Reject

SAMPLES = 100
"""How many places are kept; the counts are complete."""


class Tally(msgspec.Struct, frozen=True):
    """How many rows of one file had one field set aside for one reason."""

    file: str
    field: str
    reason: str
    rows: int


class Rejects(msgspec.Struct, frozen=True):
    """Rows set aside whole (``counts``), and single fields that were emptied (``repairs``).

    ``rows`` is the number of rows set aside; for a file that could not be read at all it is an estimate from
    the file's size.
    """

    counts: tuple[Tally, ...] = ()
    repairs: tuple[Tally, ...] = ()
    samples: tuple[Reject, ...] = ()

    @property
    def rows(self) -> int:
        """Rows set aside."""
        return sum(tally.rows for tally in self.counts)

    def check_budget(self, seen: int, max_share: float) -> None:
        """Raise where more than ``max_share`` of the ``seen`` rows were set aside.

        Raises:
            RejectedOverBudget: names the most frequent reason.
        """
        if self.rows == 0 or self.rows <= max_share * seen:
            return
        worst = max(self.counts, key=lambda tally: tally.rows)
        where = f"{worst.file}: {worst.field + ' ' if worst.field else ''}{worst.reason}"
        message = f"{self.rows:,} of {seen:,} rows were set aside; at most {max_share:.2%} are allowed"
        raise RejectedOverBudget(
            message,
            hint=f"Most often: {where} ({worst.rows:,} rows). Mend the source, or allow a larger share.",
        )


class Ledger:
    """Collects what is set aside while one log is read."""

    def __init__(self) -> None:
        """Begin empty."""
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._repairs: Counter[tuple[str, str, str]] = Counter()
        self._samples: list[Reject] = []

    def reject(self, file: str, field: str, reason: str, *, rows: int, first: list[int]) -> None:
        """Count ``rows`` rows set aside; ``first`` are some of their numbers (0: the file as a whole)."""
        self._counts[file, field, reason] += rows
        room = SAMPLES - len(self._samples)
        self._samples += [Reject(file, row, field, reason) for row in first[:room]]

    def repair(self, file: str, field: str, reason: str, rows: int) -> None:
        """Count ``rows`` fields emptied because their value could not be used; the rows stay."""
        if rows:
            self._repairs[file, field, reason] += rows

    def close(self) -> Rejects:
        """What was collected, most frequent first."""
        return Rejects(
            counts=tuple(Tally(*key, rows) for key, rows in self._counts.most_common()),
            repairs=tuple(Tally(*key, rows) for key, rows in self._repairs.most_common()),
            samples=tuple(self._samples),
        )
