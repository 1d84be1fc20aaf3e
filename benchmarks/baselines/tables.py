"""Results as JSON and as tables: those of the lab, and the packages that the baselines need beside."""

from __future__ import annotations

from stillwatch.lab import publish
from stillwatch.lab.publish import fill, markdown, plain, write_json

__all__ = ["PACKAGES", "fill", "machine", "markdown", "plain", "write_json"]

PACKAGES = ("stillwatch", "numpy", "scipy", "scikit-learn", "polars", "graspologic-native")


def machine() -> dict[str, object]:
    """What the figures were measured on, without anything that names the machine."""
    return publish.machine(PACKAGES)
