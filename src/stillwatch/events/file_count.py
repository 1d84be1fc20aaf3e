"""What is found in one file while it is ingested."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from stillwatch.events.landing import FileDone
from stillwatch.events.model import Reject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from stillwatch.events.adapters.protocol import BadRecord
    from stillwatch.events.landing import Landing
    from stillwatch.events.sources import Source

ROWS_KEPT = 20
"""Rows that are named for each kind of repair; the counts are complete."""


class FileCount:
    """What is found in one file."""

    def __init__(self, file: str, landing: Landing) -> None:
        """Begin at nothing."""
        self.file = file
        self.landing = landing
        self.records = self.exchanges = self.already_present = self.stepping_back = 0
        self.rejects: Counter[str] = Counter()
        self.not_exchanges: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.repair_rows: dict[str, list[int]] = {}
        self.rejects_start = landing.rejects_end
        self._last: datetime | None = None

    def reject(self, row: int, bad: BadRecord) -> None:
        """A record is set aside."""
        self.rejects[f"{bad.field}: {bad.reason}" if bad.field else bad.reason] += 1
        self.landing.reject(Reject(file=self.file, row=row, field=bad.field, reason=bad.reason))

    def mend(self, row: int, repairs: Iterable[str]) -> None:
        """Something was mended in a record that stays."""
        for repair in repairs:
            self.repairs[repair] += 1
            rows = self.repair_rows.setdefault(repair, [])
            if len(rows) < ROWS_KEPT:
                rows.append(row)

    def met(self, moment: datetime) -> None:
        """Count the times at which the file's clock steps back."""
        if self._last is not None and moment < self._last:
            self.stepping_back += 1
        self._last = moment

    def done(self, entry: Source, digest: str, adapter: str, reading: str) -> FileDone:
        """The record of the file."""
        return FileDone(
            file=entry.name,
            path=entry.identity,
            size=entry.size,
            digest=digest,
            format=adapter,
            records=self.records,
            exchanges=self.exchanges,
            already_present=self.already_present,
            rejects=dict(self.rejects.most_common()),
            not_exchanges=dict(self.not_exchanges.most_common()),
            repairs=dict(self.repairs.most_common()),
            repair_rows=self.repair_rows,
            times_stepping_back=self.stepping_back,
            reading=reading,
            rejects_start=self.rejects_start,
            rejects_end=self.landing.rejects_end,
        )
