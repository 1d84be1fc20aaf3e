"""All detectors, in the order of the tables: ours first."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.errors import UsageError
from stillwatch.lab.detectors.honeypot import Honeypot, installed
from stillwatch.lab.detectors.isolation import Isolation
from stillwatch.lab.detectors.mahalanobis import Mahalanobis
from stillwatch.lab.detectors.mmd import MmdWindows
from stillwatch.lab.detectors.ours import Hunt, Ours
from stillwatch.lab.detectors.prada import Prada
from stillwatch.lab.detectors.protocol import Detector
from stillwatch.lab.detectors.seat import Seat
from stillwatch.lab.detectors.volume import VolumeLimit


def detectors(hunt: Hunt, fpr: float) -> tuple[Detector, ...]:
    """Every detector; ``fpr`` is the share of a clean log's accounts that may exceed a published detector's threshold.

    honeypotllm is among them only where it is installed.
    """
    found: tuple[Detector, ...] = (
        Ours(hunt), VolumeLimit(fpr), Isolation(fpr), Prada(fpr), Seat(fpr), MmdWindows(fpr), Mahalanobis(fpr),
    )  # fmt: skip
    return (*found, Honeypot()) if installed() else found


def chosen(every: Iterable[Detector], names: Iterable[str]) -> tuple[Detector, ...]:
    """Those named, in the order of ``every``; all where nothing is named.

    Raises:
        UsageError: there is no detector of a name.
    """
    known, wanted = tuple(every), set(names)
    unknown = wanted - {d.name for d in known}
    if unknown:
        raise UsageError(
            f"no detector is called {', '.join(sorted(unknown))}",
            hint=f"There are: {', '.join(d.name for d in known)} (honeypotllm only where it is installed).",
        )
    return tuple(d for d in known if not wanted or d.name in wanted)
