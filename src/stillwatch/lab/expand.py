"""A scenario with everybody in it: its own groups, the look-alikes it includes, and ordinary people."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from stillwatch.errors import ConfigurationError
from stillwatch.lab.population import PERSON
from stillwatch.lab.scenario import Group, Hours, Record, Scenario, Size, Tempo, Text

Reader = Callable[[str], Scenario]


def expanded(scenario: Scenario, read: Reader | None = None) -> Scenario:
    """The scenario with its look-alikes and its people as groups.

    Args:
        scenario: What a file says.
        read: Reads a shipped scenario by name; needed where the scenario includes one.
    """
    groups = list(scenario.groups)
    for name in scenario.include:
        if read is None:
            raise ConfigurationError(
                f"The scenario includes {name}, which is not loaded.",
                hint="Load it with stillwatch.lab.load.load_scenario.",
            )
        other = read(name)
        groups += [_fitted(group, other.days, scenario.days) for group in other.groups]
    if scenario.people:
        groups += ordinary_people(scenario.people, scenario.people_per_day, scenario.days)
    names = [group.name for group in groups]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"Two groups of {scenario.name} are called {name!r}.", hint="Rename the one in your file."
            )
    return replace(scenario, groups=tuple(groups), include=(), people=0)


def _fitted(group: Group, days: int, wanted: int) -> Group:
    """A group of another scenario in one of ``wanted`` days: as active a day as before."""
    tempo = group.tempo
    if tempo.active_days is None:
        exchanges = max(1, round(group.exchanges * (wanted - tempo.start_day) / (days - tempo.start_day)))
        if tempo.start_day < wanted:
            return replace(group, exchanges=exchanges)
        return replace(
            group, exchanges=max(1, round(group.exchanges * wanted / days)), tempo=replace(tempo, start_day=0.0)
        )
    start = min(tempo.start_day, max(0.0, wanted - tempo.active_days))
    active = min(tempo.active_days, wanted - start)
    exchanges = max(1, round(group.exchanges * active / tempo.active_days))
    return replace(group, exchanges=exchanges, tempo=replace(tempo, start_day=start, active_days=active))


def ordinary_people(accounts: int, per_day: float, days: int) -> list[Group]:
    """People of ordinary use: those who chat in apps, those who program, and small firms' own tools."""
    kinds = (
        (
            "people-chat",
            0.66,
            0.8,
            Text(turns=2.2, languages=_SPOKEN),
            {"app": 1.0},
            {"free": 0.6, "plus": 0.4},
            Size(),
        ),
        (
            "people-developers",
            0.24,
            1.5,
            Text(turns=2.6, languages={"en": 0.85, "zh": 0.05, "de": 0.05, "es": 0.05}),
            {"api": 0.9, "cloud:nimbus": 0.1},
            {"payg": 0.8, "plus": 0.1, "team": 0.1},
            Size(input_tokens=320.0, output_tokens=420.0),
        ),
        (
            "people-agents",
            0.10,
            1.1,
            Text(turns=5.0, languages={"en": 1.0}),
            {"api": 1.0},
            {"payg": 0.6, "plus": 0.4},
            Size(input_tokens=1800.0, output_tokens=240.0, tools=6),
        ),
    )
    return [
        Group(
            name=name,
            label=PERSON,
            accounts=max(1, round(accounts * share)),
            exchanges=max(1, round(accounts * share * per_day * days * level)),
            text=text,
            tempo=Tempo(hours=Hours.DIURNAL, volume_spread=1.1),
            record=Record(channels=channels, tiers=tiers),
            size=size,
        )
        for name, share, level, text, channels, tiers, size in kinds
    ]


_SPOKEN = {"en": 0.72, "zh": 0.06, "es": 0.06, "de": 0.04, "fr": 0.04, "pt": 0.04, "ja": 0.02, "ru": 0.01, "ko": 0.01}
