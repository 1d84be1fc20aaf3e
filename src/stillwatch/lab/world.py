"""A world before its log is written: everything that a line of the log follows from, except the line's own numbers."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.lab.clients import Programs, build_programs
from stillwatch.lab.corpora import Corpora
from stillwatch.lab.draws import Keys, root
from stillwatch.lab.expand import expanded
from stillwatch.lab.network import Network, build_network
from stillwatch.lab.population import Accounts, Party, parties, populate, start_of
from stillwatch.lab.scenario import Pivot, Scenario


@dataclass(frozen=True)
class World:
    """Groups, accounts and tables of one run."""

    scenario: Scenario
    parties: tuple[Party, ...]
    accounts: Accounts
    corpora: Corpora
    network: Network
    programs: Programs
    key: Keys
    start: int
    pivots: tuple[Pivot, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all models, in an order of their own."""
        names = {name for party in self.parties for name in party.group.models}
        return tuple(sorted(names | {pivot.model for pivot in self.pivots}))


def build_world(scenario: Scenario, *, scale: float, seed: int, corpora: Corpora) -> World:
    """Draw the accounts of ``scenario`` at ``scale``; the same seed gives the same world."""
    scenario = expanded(scenario)
    accounts, groups = populate(scenario, parties(scenario, scale, seed))
    pivots = {p.group.pivot.model: p.group.pivot for p in groups if p.group.pivot is not None}
    return World(
        scenario=scenario,
        parties=groups,
        accounts=accounts,
        corpora=corpora,
        network=build_network(corpora),
        programs=build_programs(),
        key=root(seed, "world"),
        start=start_of(scenario),
        pivots=tuple(pivots.values()),
    )
