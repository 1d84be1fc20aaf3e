"""Who is in the world: every account of every group, and what is on record about it, as columns of numbers.

A seat is a place in a group; where accounts are banned or given up, several accounts hold it one after another.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from stillwatch._internal.times import microseconds
from stillwatch.lab.draws import Floats, Ints, Keys, below, choose, draw, exponential, normal, root, uniform
from stillwatch.lab.network import CAMPUS, CLOUD, COUNTRIES, COUNTRY_CODES, HOME, OFFICE, VPN
from stillwatch.lab.scenario import Group, Network, Role, Scenario

HOUR = 3_600_000_000
DAY = 24 * HOUR
"""Microseconds."""
PERSON = "person"
"""Label of ordinary people."""
NETWORKS = {
    Network.RESIDENTIAL: HOME,
    Network.CLOUD: CLOUD,
    Network.VPN: VPN,
    Network.CAMPUS: CAMPUS,
    Network.OFFICE: OFFICE,
}


@dataclass(frozen=True)
class Party:
    """A group as it is in one run: its random key, accounts alive at a time, exchanges, and where it lies."""

    group: Group
    number: int
    key: Keys
    seats: int
    exchanges: float
    first: int = 0
    """Number of its first account; set when the population is made."""
    accounts: int = 0


@dataclass(frozen=True)
class Accounts:
    """One entry per account in each column. Times are microseconds since 1970."""

    key: Keys
    party: Ints
    seat: Ints
    born: Ints
    """When it can first be used."""
    died: Ints
    created: Ints
    volume: Floats
    """Relative to the mean of its group."""
    country: Ints
    declared: Ints
    """Country as declared."""
    network: Ints
    language: Ints
    """Position in the languages of its group."""
    channel: Ints
    tier: Ints
    provider: Ints
    verified: npt.NDArray[np.bool_]
    payment: Keys
    """0: none on record."""
    owner: Keys
    organisation: Keys

    def __len__(self) -> int:
        """Accounts."""
        return len(self.key)


def start_of(scenario: Scenario) -> int:
    """Start of the log in microseconds since 1970."""
    return microseconds(datetime.fromisoformat(scenario.start).replace(tzinfo=UTC))


def parties(scenario: Scenario, scale: float, seed: int) -> tuple[Party, ...]:
    """The groups of a run: accounts and exchanges scaled alike, so that an account's rate stays.

    An honest group that cannot shrink further (one account, no ``least`` of its own) shrinks in exchanges alone: a lone
    machine would otherwise outweigh every small world. An attacker's account keeps its rate.
    """
    out = []
    for number, group in enumerate(scenario.groups):
        seats = max(group.least, round(group.accounts * scale))
        rate = group.exchanges / group.accounts
        full = seats if group.role is not Role.BENIGN or group.least > 1 else min(seats, group.accounts * scale)
        out.append(Party(group, number, root(seed, "group", group.name), seats, rate * full))
    return tuple(out)


def populate(scenario: Scenario, groups: tuple[Party, ...]) -> tuple[Accounts, tuple[Party, ...]]:
    """Draw all accounts.

    Returns:
        The accounts, those of one group together, and the groups with their places in them.
    """
    start = start_of(scenario)
    end = start + scenario.days * DAY
    providers = max((party.group.providers for party in groups), default=1)
    parts: list[Accounts] = []
    placed: list[Party] = []
    at = 0
    for party in groups:
        if party.group.rider is not None:
            placed.append(party)
            continue
        part = _members(party, start, end, providers)
        parts.append(part)
        placed.append(Party(party.group, party.number, party.key, party.seats, party.exchanges, at, len(part)))
        at += len(part)
    joined = Accounts(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Accounts)))
    return joined, tuple(placed)


def _lives(party: Party, start: int, end: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Seat, generation, birth and death of every account of a group."""
    tempo = party.group.tempo
    seats = np.arange(party.seats)
    keys = draw(party.key, "seat", seats)
    first = start + int(tempo.start_day * DAY)
    last = end if tempo.active_days is None else min(end, first + int(tempo.active_days * DAY))
    born = np.full(party.seats, first, dtype=np.int64)
    if tempo.lifetime_days is None:
        if party.group.label == PERSON:  # some join while the log runs
            joins = uniform(draw(keys, "joins")) < 0.1
            born = np.where(
                joins, first + (uniform(draw(keys, "joined")) * 0.9 * (last - first)).astype(np.int64), born
            )
        return seats, np.zeros_like(seats), born, np.full_like(born, last)
    rows: list[tuple[Ints, Ints, Ints, Ints]] = []
    generation = 0
    low, high = tempo.replaced_within
    while len(seats):
        life = (exponential(draw(keys, "life", generation)) * tempo.lifetime_days * DAY).astype(np.int64) + HOUR
        died = np.minimum(last, born + life)
        rows.append((seats, np.full_like(seats, generation), born, died))
        wait = low + uniform(draw(keys, "wait", generation)) * (high - low)
        born = died + (wait * HOUR).astype(np.int64)
        keep = born < last - HOUR
        seats, keys, born = seats[keep], keys[keep], born[keep]
        generation += 1
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return columns[0][order], columns[1][order], columns[2][order], columns[3][order]


def _members(party: Party, start: int, end: int, providers: int) -> Accounts:
    group, record = party.group, party.group.record
    seat, generation, born, died = _lives(party, start, end)
    key = draw(draw(party.key, "seat", seat), "account", generation)
    language = choose(draw(key, "language"), group.text.languages.values())
    country = _homes(key, language, list(group.text.languages), record.countries)
    tier = choose(draw(key, "tier"), record.tiers.values())
    networks = group.infrastructure.network
    spread = group.tempo.volume_spread
    volume = np.exp(spread * normal(draw(draw(party.key, "seat", seat), "volume")) - spread**2 / 2)
    declared = np.where(uniform(draw(key, "moved")) < 0.06, countries(draw(key, "declared"), {}), country)
    return Accounts(
        key=key,
        party=np.full(len(key), party.number, dtype=np.int64),
        seat=seat,
        born=born,
        died=died,
        created=_created(party, key, generation, born, start),
        volume=volume,
        country=country,
        declared=declared,
        network=np.array([NETWORKS[n] for n in networks])[choose(draw(key, "network"), networks.values())],
        language=language,
        channel=choose(draw(key, "channel"), record.channels.values()),
        tier=tier,
        provider=_providers(party, seat, providers),
        verified=uniform(draw(key, "verified")) < record.verified,
        payment=_payments(party, key, tier),
        owner=_shared(party, seat, "owner", record.owners),
        organisation=_shared(party, seat, "organisation", record.organisations),
    )


def countries(bits: Keys, weights: dict[str, float]) -> Ints:
    """Positions in the list of countries, as likely as ``weights`` says; those of the world where it is empty."""
    if not weights:
        return choose(bits, (country.weight for country in COUNTRIES))
    return np.array([COUNTRY_CODES.index(code) for code in weights])[choose(bits, weights.values())]


def _homes(key: Keys, language: Ints, languages: list[str], weights: dict[str, float]) -> Ints:
    """Countries of accounts: those of the group, or such as speak the account's language."""
    if weights or languages == ["en"]:
        return countries(draw(key, "country"), weights)
    out = np.zeros(len(key), dtype=np.int64)
    for number, code in enumerate(languages):
        likely = {place.code: place.weight * (1.0 if place.language == code else 0.04) for place in COUNTRIES}
        out = np.where(language == number, countries(draw(key, "country"), likely), out)
    return out


def _providers(party: Party, seat: Ints, providers: int) -> Ints:
    """Accounts go round over the group's providers; honest groups of one provider stay whole, people are everywhere."""
    if party.group.providers > 1:
        return seat % party.group.providers
    if party.group.label == PERSON:
        return seat % providers
    return np.full_like(seat, int(below(draw(party.key, "provider"), providers)[0]))


def _created(party: Party, key: Keys, generation: Ints, born: Ints, start: int) -> Ints:
    """Sign-up times: within the group's hours, over the last year, or just before a replacement is used."""
    hours = party.group.record.signup_hours
    share = uniform(draw(key, "created"))
    first = start + int(party.group.tempo.start_day * DAY)
    if hours is None:
        opened = np.minimum(born, start) - (share * 365 * DAY).astype(np.int64)
    else:
        opened = first - (share * hours * HOUR).astype(np.int64)
    new = (generation > 0) | (born > first)
    return np.where(new, born - (share * 40 * 60_000_000).astype(np.int64), opened) - 1_000_000


def _payments(party: Party, key: Keys, tier: Ints) -> Keys:
    infrastructure = party.group.infrastructure
    if infrastructure.payment == 0:
        return np.zeros(len(key), dtype=np.uint64)
    own = draw(key, "instrument")
    if infrastructure.payment > 1:
        number = below(draw(key, "which"), max(1, round(len(key) / infrastructure.payment)))
        common = draw(draw(party.key, "instrument"), "common", number)
        own = np.where(uniform(draw(key, "pays with")) < infrastructure.payment_reuse, common, own)
    else:  # a family's card
        family = below(draw(key, "family"), max(1, len(key) // 20))
        own = np.where(uniform(draw(key, "shares")) < 0.06, draw(party.key, "family", family), own)
    if infrastructure.promo:
        return own
    free = np.array([name == "free" for name in party.group.record.tiers])[tier]
    return np.where(free, np.uint64(0), own)


def _shared(party: Party, seat: Ints, use: str, per: float) -> Keys:
    """Keys of owners or organisations with ``per`` accounts each; 0 where none is recorded."""
    if per == 0:
        return np.zeros(len(seat), dtype=np.uint64)
    return draw(party.key, use, (seat / max(per, 1.0)).astype(np.int64))
