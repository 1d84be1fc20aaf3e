"""Links and communities alone: an account is as suspicious as the set it is linked into is large or dense.

Source: the graph view of coordinated-account detection (SynchroTrap, CCS 2014, and its descendants), without any look
at behaviour. Shared infrastructure is normal (firms, campuses, hackathons, VPNs), so size alone convicts those first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.baselines.log import Log
    from benchmarks.baselines.protocol import Half
    from benchmarks.baselines.sets import Sets

WORTHS = ("size", "weight", "mean weight")


@dataclass(frozen=True)
class SetScorer:
    """Score = what its set is worth; an account in no set scores 0."""

    sets: Sets
    worth: str
    as_published: float | None = None

    @property
    def settings(self) -> str:
        """What is counted, and where the sets come from."""
        return f"{self.worth}, sets of {self.sets.origin}"

    def score(self, log: Log) -> dict[str, float]:
        """A score for every account of the log."""
        out = dict.fromkeys(log.account_ids(), 0.0)
        for name, members in self.sets.members().items():
            weight = self.sets.weight.get(name, 0.0)
            found = {"size": float(len(members)), "weight": weight, "mean weight": weight / len(members)}[self.worth]
            out.update((a, found) for a in members if a in out)
        return out


@dataclass(frozen=True)
class Links:
    """Links and communities only; tuning picks size, summed or mean link weight."""

    sets: Sets
    name: str = "links"
    title: str = "links + communities only"

    def candidates(self, _log: Log, _half: Half) -> Iterator[SetScorer]:
        """One scorer for each worth that the sets can tell."""
        for worth in WORTHS if self.sets.weight else WORTHS[:1]:
            yield SetScorer(self.sets, worth)
