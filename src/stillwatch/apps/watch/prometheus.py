"""The figures of a watch in a Prometheus registry of their own. Needs the extra ``watch``."""

from __future__ import annotations

from typing import Any

from stillwatch.apps.watch.extras import needed
from stillwatch.apps.watch.gauges import FIGURES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REASONS = 50
"""Reasons of records set aside that get a series of their own: they come from the input, so their number has to end."""


class Registry:
    """Counters, gauges and histograms by name."""

    def __init__(self) -> None:
        """Make all of them.

        Raises:
            UsageError: The library is not installed.
        """
        self._library = needed("prometheus_client", "watch")
        self._registry = self._library.CollectorRegistry()
        kinds = {
            "counter": self._library.Counter,
            "gauge": self._library.Gauge,
            "histogram": self._library.Histogram,
        }
        self._figures: dict[str, Any] = {}
        for figure in FIGURES:
            more = {"buckets": figure.buckets} if figure.buckets else {}
            name = figure.name.removesuffix("_total")
            self._figures[figure.name] = kinds[figure.kind](
                name, figure.says, figure.labels, registry=self._registry, **more
            )
        self._reasons: set[str] = set()

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Count."""
        if "reason" in labels:
            labels["reason"] = self._bounded(labels["reason"])
        figure = self._figures[name]
        (figure.labels(**labels) if labels else figure).inc(value)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        figure = self._figures[name]
        (figure.labels(**labels) if labels else figure).set(value)

    def time(self, name: str, seconds: float) -> None:
        """Put a time into a histogram."""
        self._figures[name].observe(seconds)

    def text(self) -> bytes:
        """All of it in the text format."""
        return bytes(self._library.generate_latest(self._registry))

    def _bounded(self, reason: str) -> str:
        if reason not in self._reasons and len(self._reasons) >= REASONS:
            return "other"
        self._reasons.add(reason)
        return reason
