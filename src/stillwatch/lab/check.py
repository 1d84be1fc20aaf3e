"""What a scenario cannot mean, though every one of its values has the right type."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from stillwatch.lab.network import COUNTRY_CODES
from stillwatch.lab.scenario import CAPABILITIES, ELICITATIONS, LANGUAGES, Group, Role, Scenario


class Problem(NamedTuple):
    """Something impossible: where it stands, what it is, and what would be right."""

    where: tuple[str | int, ...]
    what: str
    fix: str


def problems(scenario: Scenario, shipped: Collection[str]) -> Iterator[Problem]:
    """All that is impossible in a scenario, in the order of the file."""
    try:
        date.fromisoformat(scenario.start)
    except ValueError:
        yield Problem(("start",), f"{scenario.start!r} is no date", "Write it as 2026-10-01.")
    for at, name in enumerate(scenario.include):
        if name not in shipped:
            yield Problem(("include", at), f"there is no shipped scenario {name!r}", _near(name, shipped))
    if not scenario.groups and not scenario.include and scenario.people == 0:
        yield Problem(("groups",), "nobody is in this world", "Add a group, include a look-alike, or set people.")
    names = Counter(group.name for group in scenario.groups)
    groups = {group.name: group for group in scenario.groups}
    for at, group in enumerate(scenario.groups):
        if names[group.name] > 1:
            yield Problem(("groups", at, "name"), f"two groups are called {group.name!r}", "Give each its own name.")
        for problem in _group(group, groups, scenario.days):
            yield problem._replace(where=("groups", at, *problem.where))


def _near(name: str, valid: Collection[str]) -> str:
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    return f"Did you mean {near[0]!r}?" if near else f"Valid: {', '.join(valid) or 'none'}."


def _group(group: Group, groups: dict[str, Group], days: int) -> Iterator[Problem]:
    if group.role is not Role.BENIGN and not group.campaign:
        yield Problem(("role",), f"role {group.role.value} without a campaign", "Add 'campaign: NAME' to the group.")
    if group.role is Role.BENIGN and group.campaign:
        yield Problem(("campaign",), "a benign group has no campaign", "Remove campaign, or set role to extraction.")
    yield from _names(group)
    yield from _relations(group, groups)
    yield from _times(group, days)
    for part, weights in (
        (("models",), group.models),
        (("record", "tiers"), group.record.tiers),
        (("record", "channels"), group.record.channels),
        (("text", "languages"), group.text.languages),
        (("infrastructure", "network"), group.infrastructure.network),
    ):
        if not weights:
            yield Problem(part, "nothing to choose from", "Give at least one entry with a weight, or leave it out.")
    if group.text.most_turns < group.text.turns:
        yield Problem(("text", "turns"), "the mean of turns is above most_turns", "Raise most_turns or lower turns.")


def _names(group: Group) -> Iterator[Problem]:
    for part, names, valid in (
        (("text", "capabilities"), group.text.capabilities, CAPABILITIES),
        (("text", "elicitation"), group.text.elicitation, ELICITATIONS),
        (("text", "languages"), group.text.languages, LANGUAGES),
        (("record", "countries"), group.record.countries, COUNTRY_CODES),
    ):
        for name in names:
            if name not in valid:
                yield Problem((*part, name), f"unknown name {name!r}", _near(name, valid))


def _relations(group: Group, groups: dict[str, Group]) -> Iterator[Problem]:
    if group.rider is not None:
        pool = groups.get(group.rider)
        brokers = [name for name, other in groups.items() if other.role is Role.BROKER]
        if pool is None:
            yield Problem(("rider",), f"there is no group {group.rider!r} to ride on", _near(group.rider, brokers))
        elif pool.role is not Role.BROKER or pool.rider is not None:
            yield Problem(("rider",), f"{group.rider!r} is no broker pool", _near(group.rider, brokers))
    common = group.infrastructure.common_with
    if common is not None and common not in groups:
        yield Problem(("infrastructure", "common_with"), f"there is no group {common!r}", _near(common, groups))


def _times(group: Group, days: int) -> Iterator[Problem]:
    tempo = group.tempo
    if tempo.start_day >= days:
        yield Problem(("tempo", "start_day"), f"starts after the log's {days} days", "Start earlier, or raise days.")
    elif tempo.active_days is not None and tempo.start_day + tempo.active_days > days + 1e-9:
        yield Problem(
            ("tempo", "active_days"),
            f"{tempo.active_days:g} days from day {tempo.start_day:g} on end after the log's {days} days",
            f"At most {days - tempo.start_day:g}, or raise days.",
        )
    if tempo.replaced_within[0] < 0 or tempo.replaced_within[0] > tempo.replaced_within[1]:
        yield Problem(("tempo", "replaced_within"), "expected two hours, the smaller first", "For example [1, 24].")
    if group.pivot is not None and group.pivot.day >= days:
        yield Problem(("pivot", "day"), f"lies after the log's {days} days", "Name an earlier day, or raise days.")
