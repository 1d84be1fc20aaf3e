"""Knobs of an attacker, and the size of a world: functions from a scenario to a scenario.

Every knob changes one thing about the malicious groups and leaves the rest as it is: the number of an account's
exchanges, above all, stays unless the knob is about it. A knob that cannot mean anything for a group (the addresses of a
rider, who has no accounts of its own) leaves it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from stillwatch.errors import UsageError
from stillwatch.lab.scenario import Filler, Group, Hours, Role, Scenario, Tempo

Knob = Callable[[Scenario, float], Scenario]


def malicious(group: Group) -> bool:
    """Whether a group belongs to a campaign."""
    return group.role is not Role.BENIGN


def on_attackers(scenario: Scenario, change: Callable[[Group], Group]) -> Scenario:
    """``scenario`` with every malicious group changed."""
    return replace(scenario, groups=tuple(change(g) if malicious(g) else g for g in scenario.groups))


def clean(scenario: Scenario) -> Scenario:
    """The same world without its campaigns; who shared addresses with a campaign's group keeps its own."""
    kept = tuple(g for g in scenario.groups if not malicious(g))
    names = {g.name for g in kept}

    def alone(group: Group) -> Group:
        common = group.infrastructure.common_with
        return group if common in names or common is None else replace(
            group, infrastructure=replace(group.infrastructure, common_with=None)
        )  # fmt: skip

    return replace(scenario, groups=tuple(alone(g) for g in kept))


def shortened(scenario: Scenario, days: int) -> Scenario:
    """At most ``days`` long; groups without a time of their own keep their daily rate, others keep what fits.

    Days on which something happens (a start, a new model) move in proportion, so that it still happens.
    """
    if days >= scenario.days:
        return scenario
    part = days / scenario.days

    def shorter(group: Group) -> Group:
        own, start = group.tempo.active_days, group.tempo.start_day * part
        left = None if own is None else min(own, float(days))
        keep = part if own is None or left is None else left / own
        start = start if left is None else min(start, days - left)
        pivot = None if group.pivot is None else replace(group.pivot, day=group.pivot.day * part)
        return replace(
            group,
            exchanges=max(1, round(group.exchanges * keep)),
            tempo=replace(group.tempo, start_day=start, active_days=left),
            pivot=pivot,
        )

    return replace(scenario, days=days, groups=tuple(shorter(g) for g in scenario.groups))


def with_campaigns_of(scenario: Scenario, accounts: int, scale: float) -> Scenario:
    """Such that, run at ``scale``, a campaign has at least ``accounts`` accounts, or as many as at full size if fewer.

    Scaling alone would leave few accounts of a small campaign, and none of its power to tell anything. An account keeps
    its own rate. Groups of one campaign keep their proportions; riders follow the pool they ride on.
    """
    sizes: dict[str, int] = {}
    for g in scenario.groups:
        if malicious(g) and g.rider is None:
            sizes[g.campaign or g.name] = sizes.get(g.campaign or g.name, 0) + g.accounts
    pools = {g.name: g.campaign or g.name for g in scenario.groups}

    def resized(group: Group) -> Group:
        name = pools.get(group.rider, group.rider) if group.rider else group.campaign or group.name
        full = sizes.get(name, group.accounts)
        factor = max(1.0, min(accounts, full) / full / scale)
        # the exact number is held from below too: rounding at the scale must not lose an account
        least = max(1, round(group.accounts * factor * scale))
        return replace(
            group,
            accounts=max(1, round(group.accounts * factor)),
            exchanges=max(1, round(group.exchanges * factor)),
            least=least,
        )

    return on_attackers(scenario, resized)


def dilution(scenario: Scenario, value: float) -> Scenario:
    """Share of an account's conversations that is ordinary filler; what is left is extraction."""
    return on_attackers(
        scenario, lambda g: replace(g, text=replace(g.text, filler=Filler(share=value, voice=g.text.filler.voice)))
    )


def address_reuse(scenario: Scenario, value: float) -> Scenario:
    """Share of the accounts that draw on the campaign's common addresses."""
    return on_attackers(scenario, lambda g: replace(g, infrastructure=replace(g.infrastructure, address_reuse=value)))


def paraphrase(scenario: Scenario, value: float) -> Scenario:
    """Share of the messages that are worded anew."""
    return on_attackers(scenario, lambda g: replace(g, text=replace(g.text, paraphrase=value)))


def churn(scenario: Scenario, value: float) -> Scenario:
    """Share of the accounts given up and replaced a day."""
    life = 1 / value if value > 0 else None
    return on_attackers(scenario, lambda g: replace(g, tempo=replace(g.tempo, lifetime_days=life)))


def accounts(scenario: Scenario, value: float) -> Scenario:
    """Accounts, times ``value``, for the same number of exchanges."""

    def more(group: Group) -> Group:
        if group.rider is not None:
            return group
        return replace(group, accounts=max(1, round(group.accounts * value)), least=max(1, round(group.least * value)))

    return on_attackers(scenario, more)


def jitter(scenario: Scenario, value: float) -> Scenario:
    """Spread of a machine's gaps, in seconds."""
    return on_attackers(scenario, lambda g: replace(g, tempo=replace(g.tempo, jitter_s=value)))


def human_tempo(scenario: Scenario, value: float) -> Scenario:
    """From one half on: a person's day in place of the campaign's rhythm, no common minutes, a person's spread."""
    if value < 0.5:
        return scenario

    def human(tempo: Tempo) -> Tempo:
        return replace(tempo, hours=Hours.DIURNAL, synchronised=False, volume_spread=max(tempo.volume_spread, 0.9))

    return on_attackers(scenario, lambda g: replace(g, tempo=human(g.tempo)))


def payment_separation(scenario: Scenario, value: float) -> Scenario:
    """Share of the accounts that pay with an instrument of their own."""
    return on_attackers(
        scenario, lambda g: replace(g, infrastructure=replace(g.infrastructure, payment_reuse=1 - value))
    )


@dataclass(frozen=True)
class Sweep:
    """A knob, the values it is swept over, and the range that the optimiser searches."""

    knob: Knob
    values: tuple[float, ...]
    low: float
    high: float
    log: bool = False

    @property
    def words(self) -> str:
        """What the knob changes: the first sentence of its description."""
        return " ".join((self.knob.__doc__ or "").split()).partition(". ")[0].rstrip(".")


KNOBS: dict[str, Sweep] = {
    "dilution": Sweep(dilution, (0.0, 0.3, 0.5, 0.7, 0.9), 0.0, 0.9),
    "address-reuse": Sweep(address_reuse, (0.0, 0.25, 0.5, 0.75, 1.0), 0.0, 1.0),
    "paraphrase": Sweep(paraphrase, (0.0, 0.25, 0.5, 0.75, 1.0), 0.0, 1.0),
    "churn": Sweep(churn, (0.0, 0.05, 0.1, 0.3, 0.5), 0.0, 0.5),
    "accounts": Sweep(accounts, (0.5, 1.0, 2.0, 4.0), 0.5, 4.0, log=True),
    "jitter": Sweep(jitter, (0.0, 5.0, 60.0, 600.0), 1.0, 600.0, log=True),
    "human-tempo": Sweep(human_tempo, (0.0, 1.0), 0.0, 1.0),
    "payment-separation": Sweep(payment_separation, (0.0, 0.5, 0.9, 1.0), 0.0, 1.0),
}


def knob_named(name: str) -> Sweep:
    """The knob of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in KNOBS:
        raise UsageError(f"no knob is called {name!r}", hint=f"There are: {', '.join(KNOBS)}.")
    return KNOBS[name]


def apply(scenario: Scenario, settings: dict[str, float]) -> Scenario:
    """``scenario`` with each knob set to its value."""
    for name, value in settings.items():
        scenario = knob_named(name).knob(scenario, value)
    return scenario
