"""What a watch measures about itself, and the seam behind which Prometheus stands.

The watch runs without the library; then nothing is measured and nothing is served.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Figure(NamedTuple):
    """One metric: its name, what it says, its labels, and its kind (counter, gauge or histogram)."""

    name: str
    says: str
    kind: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90, 120, 300, 600)
FIGURES = (
    Figure("stillwatch_watch_records_total", "Records read, those set aside included.", "counter"),
    Figure("stillwatch_watch_exchanges_total", "Exchanges committed.", "counter"),
    Figure("stillwatch_watch_set_aside_total", "Records set aside, by what was wrong.", "counter", ("reason",)),
    Figure("stillwatch_watch_files_set_aside_total", "Files that could not be read at all.", "counter"),
    Figure("stillwatch_watch_batches_total", "Batches committed.", "counter"),
    Figure("stillwatch_watch_batch_seconds", "From a batch's arrival to its commit.", "histogram", (), SECONDS),
    Figure("stillwatch_watch_looks_total", "Looks, by outcome.", "counter", ("outcome",)),
    Figure("stillwatch_watch_look_seconds", "How long a look took.", "histogram", (), SECONDS),
    Figure(
        "stillwatch_watch_verdict_seconds",
        "From an exchange's arrival to the look that knew it.",
        "histogram",
        (),
        SECONDS,
    ),
    Figure("stillwatch_watch_changes_total", "Changes found, by type.", "counter", ("type",)),
    Figure("stillwatch_watch_campaigns", "Campaigns that stand.", "gauge"),
    Figure("stillwatch_watch_flagged_accounts", "Accounts that are flagged.", "gauge"),
    Figure("stillwatch_watch_outbox", "Changes that are not delivered yet.", "gauge", ("output",)),
    Figure("stillwatch_watch_deliveries_total", "Attempts to deliver, by outcome.", "counter", ("output", "outcome")),
    Figure("stillwatch_watch_queue", "Batches read and not committed yet.", "gauge"),
    Figure("stillwatch_watch_high_seconds", "Log time up to which the watch has come, in seconds since 1970.", "gauge"),
    Figure("stillwatch_watch_requests_total", "Requests of the OTLP endpoint, by status.", "counter", ("status",)),
)
"""Every metric that a watch exports."""


class Gauges(Protocol):
    """Where figures go."""

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Count."""
        ...

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def time(self, name: str, seconds: float) -> None:
        """Put a time into a histogram."""
        ...


class Unmeasured:
    """No figures."""

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Nothing."""

    def set(self, name: str, value: float, **labels: str) -> None:
        """Nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Nothing."""
