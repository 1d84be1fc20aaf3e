"""Links: rare attributes that parties share. They propose who might act together; behaviour decides.

A value shared by ``df`` of N parties weighs ln(N / df) nats, less what sharing such a kind of value means anyway
(:data:`DISCOUNT`): a household or a cafe shares its address without meaning anything by it.
Values shared by more than :data:`MOST_SHARED` parties (a cloud's exit, a campus, a promotion code, a big mail provider)
link nobody and cost nothing. Everything is read as of a moment: a link exists once both parties have shown the value.

Source of the weight: inverse document frequency (Sparck Jones 1972), as the surprisal of a coincidence.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from stillwatch.detect.log import NONE, Codes, Ints, Log, pairs

MOST_SHARED = 60
"""Document frequency above which a value links nobody."""
MOST_PAIRS = 1_500_000
"""Pairs of parties that the values of one kind may link at a moment: beyond, the rarest values count first. A log of a
hundred thousand accounts behind shared exits would link everybody with everybody."""
WEAKEST = 1.0
"""Edges below this weight (nats) are not kept."""
PROMOTION = "promo_"


class LinkKind(StrEnum):
    """Kinds of attribute that can link, strongest first."""

    HANDOFF = "conversation hand-off"
    PAYMENT = "payment instrument"
    ADDRESS = "address"
    SIGNUP_ADDRESS = "sign-up address"
    CLIENT = "client fingerprint"
    MAIL_DOMAIN = "mail domain"


INFRASTRUCTURE = (LinkKind.HANDOFF, LinkKind.PAYMENT, LinkKind.ADDRESS, LinkKind.SIGNUP_ADDRESS)
"""Kinds that two strangers do not come to share by using the same software: a verdict needs at least one."""
DISCOUNT = {
    LinkKind.HANDOFF: 0.0,
    LinkKind.PAYMENT: 0.0,
    LinkKind.ADDRESS: 1.5,
    LinkKind.SIGNUP_ADDRESS: 2.5,
    LinkKind.CLIENT: 3.0,
    LinkKind.MAIL_DOMAIN: 3.0,
}
"""Nats taken off each kind for what it means by itself (households, cafes, carrier address translation)."""
LIMIT = {LinkKind.SIGNUP_ADDRESS: 12, LinkKind.CLIENT: 24, LinkKind.MAIL_DOMAIN: 16}
"""Kinds whose values stop linking earlier than :data:`MOST_SHARED`."""


@dataclass(frozen=True)
class Incidence:
    """Which party showed which value of one kind, and when first: aligned arrays in order of time."""

    kind: LinkKind
    party: Ints
    value: Ints
    since: Ints
    names: Codes | None

    @cached_property
    def shared(self) -> Incidence:
        """Only the values that several parties show before the log ends: no other can ever link. Values are numbered anew."""
        several = np.flatnonzero(np.bincount(self.value, minlength=1)[self.value] > 1)
        _, value = np.unique(self.value[several], return_inverse=True)
        return Incidence(self.kind, self.party[several], value, self.since[several], None)

    def upto(self, ts: int) -> int:
        """How many incidences had happened by ``ts``."""
        return int(np.searchsorted(self.since, ts, side="right"))

    def name(self, value: int) -> str:
        """The value in words; hand-offs have no name of their own."""
        if self.names is None:
            return "a conversation"
        return self.names.text(value) or "unknown"


def _first_shown(kind: LinkKind, party: Ints, value: Ints, ts: Ints, names: Codes | None) -> Incidence:
    """Keep the first time each party showed each value."""
    known = value != NONE
    party, value, ts = party[known], value[known], ts[known]
    order = np.lexsort((ts, value, party))
    party, value, ts = party[order], value[order], ts[order]
    first = np.r_[True, (party[1:] != party[:-1]) | (value[1:] != value[:-1])] if len(party) else np.zeros(0, bool)
    party, value, ts = party[first], value[first], ts[first]
    order = np.lexsort((value, party, ts))
    return Incidence(kind, party[order], value[order], ts[order], names)


def address_block(text: str) -> str:
    """The address as a link sees it: IPv4 whole, IPv6 by its /64 (one subscriber's network)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return text


def _blocks(codes: Codes) -> Codes:
    """Addresses gathered to the blocks of :func:`address_block`."""
    import pyarrow as pa  # noqa: PLC0415 - the only use

    if not len(codes):
        return codes
    names = pa.array([address_block(str(v)) for v in codes.values.to_pylist()])
    recoded = Codes.of(names, len(names))
    return Codes(np.where(codes.codes == NONE, NONE, recoded.codes[np.maximum(codes.codes, 0)]), recoded.values)


def _first_seen(log: Log) -> Ints:
    """Time of each account's first exchange."""
    first = np.full(len(log.accounts), np.iinfo(np.int64).max)
    np.minimum.at(first, log.account, log.ts)
    return first


def instruments(payment: Codes) -> Codes:
    """Payment without promotion codes: whoever farms accounts redeems one code on all of them, and nobody has paid."""
    given = np.array([str(v).startswith(PROMOTION) for v in payment.values.to_pylist()] + [True])
    return Codes(np.where(given[payment.codes], NONE, payment.codes), payment.values)


def incidences(log: Log) -> dict[LinkKind, Incidence]:
    """All attributes of a log that may link, by kind. What is on record about an account counts from its first exchange."""
    accounts, seen = log.accounts, _first_seen(log)
    payment = accounts.payment
    instrument = instruments(payment).codes
    address, signup = _blocks(log.ip), _blocks(accounts.signup_ip)
    client = _client(log)
    return {
        LinkKind.PAYMENT: _first_shown(LinkKind.PAYMENT, accounts.party, instrument, seen, payment),
        LinkKind.ADDRESS: _first_shown(LinkKind.ADDRESS, log.party, address.codes, log.ts, address),
        LinkKind.SIGNUP_ADDRESS: _first_shown(LinkKind.SIGNUP_ADDRESS, accounts.party, signup.codes, seen, signup),
        LinkKind.CLIENT: _first_shown(LinkKind.CLIENT, log.party, client.codes, log.ts, client),
        LinkKind.MAIL_DOMAIN: _first_shown(
            LinkKind.MAIL_DOMAIN, accounts.party, accounts.email_domain.codes, seen, accounts.email_domain
        ),
        LinkKind.HANDOFF: _handoffs(log),
    }


def _client(log: Log) -> Codes:
    """Client headers and TLS fingerprint together; null where either is missing."""
    import pyarrow as pa  # noqa: PLC0415

    known = (log.client.codes != NONE) & (log.ja4.codes != NONE)
    if not known.any():
        return Codes(np.full(len(log), NONE, np.int64), pa.array([], pa.string()))
    width = len(log.ja4) + 1
    distinct, inverse = np.unique(pairs(log.client.codes[known], log.ja4.codes[known], width), return_inverse=True)
    names = [f"{log.client.text(p // width)} / {log.ja4.text(p % width)}" for p in distinct]
    codes = np.full(len(log), NONE, np.int64)
    codes[known] = inverse
    return Codes(codes, pa.array(names))


def _handoffs(log: Log) -> Incidence:
    """Conversations begun by one party and continued by another: both show the context that passed between them.

    The context is the keyed hash of a whole conversation, so it names one conversation; a context that several parties
    have *produced* by then is a short popular exchange, not a hand-off, and is left out.
    """
    party = log.party
    made = log.context_out != NONE
    order = np.lexsort((log.ts[made], log.context_out[made]))
    context, maker, at = log.context_out[made][order], party[made][order], log.ts[made][order]
    first = np.r_[True, context[1:] != context[:-1]] if len(context) else np.zeros(0, bool)
    size = int(max(log.context_in.max(initial=-1), log.context_out.max(initial=-1))) + 1
    owner, since = np.full(size, NONE, np.int64), np.zeros(size, np.int64)
    owner[context[first]], since[context[first]] = maker[first], at[first]
    second = np.full(size, np.iinfo(np.int64).max)
    again = np.flatnonzero((~first[1:]) & (maker[1:] != owner[context[1:]])) + 1 if len(context) > 1 else context[:0]
    np.minimum.at(second, context[again], at[again])
    continued = np.flatnonzero(log.context_in != NONE)
    source = owner[log.context_in[continued]]
    when_read, asked = log.ts[continued], log.context_in[continued]
    passed = continued[
        (source != NONE) & (source != party[continued]) & (since[asked] < when_read) & (second[asked] > when_read)
    ]
    value, receiver, when = log.context_in[passed], party[passed], log.ts[passed]
    sender = owner[value]
    both = np.concatenate([sender, receiver])
    return _first_shown(LinkKind.HANDOFF, both, np.r_[value, value], np.r_[when, when], None)


class Graph:
    """Links as of one moment; each part is made when it is first asked for.

    ``by_kind``: per kind the symmetric (parties, parties) matrix in nats; ``weight``: all kinds together; ``shown``: per
    kind the (parties, values) matrix of ones, without values too common to link. A kind without a link is in neither.
    """

    def __init__(self, parties: int, kinds: Mapping[LinkKind, Incidence], ts: int, active: int) -> None:
        """Links among so many parties, ``active`` of them seen until ``ts``."""
        self._parties, self._active = parties, active
        self.by_kind: Mapping[LinkKind, csr_array] = _Lazy(kinds, lambda shown: self._links(shown, ts))
        self.shown: Mapping[LinkKind, csr_array] = _Lazy(kinds, lambda shown: self._shown(shown, ts))

    @property
    def shape(self) -> tuple[int, int]:
        """Parties twice."""
        return (self._parties, self._parties)

    @property
    def weight(self) -> csr_array:
        """Links of all kinds, without those below :data:`WEAKEST`."""
        return total_of(self.shape, self.by_kind.values())

    def _shown(self, incidence: Incidence, ts: int) -> csr_array | None:
        count = incidence.upto(ts)
        party, value, _ = _linkable(incidence.kind, incidence.party[:count], incidence.value[:count])
        return self._matrix(party, value, np.ones(len(party))) if len(party) else None

    def _links(self, incidence: Incidence, ts: int) -> csr_array | None:
        several = incidence.shared
        count = several.upto(ts)
        party, value, df = _linkable(incidence.kind, several.party[:count], several.value[:count])
        if not len(party):
            return None
        nats = np.log(max(self._active, 2) / df) - DISCOUNT[incidence.kind]
        links = (df >= 2) & (nats > 0) & (df <= _rarest(df))
        half = self._matrix(party[links], value[links], np.sqrt(nats[links]))
        part = csr_array(half @ half.T)
        part.setdiag(0)
        part.eliminate_zeros()
        return part

    def _matrix(self, party: Ints, value: Ints, data: npt.NDArray[np.float64]) -> csr_array:
        width = int(value.max(initial=0)) + 1
        return coo_array((data, (party, value)), shape=(self._parties, width)).tocsr()


class _Lazy(Mapping[LinkKind, csr_array]):
    """Matrices by kind, each made once; a kind for which there is none is not in it."""

    def __init__(self, kinds: Mapping[LinkKind, Incidence], make: Callable[[Incidence], csr_array | None]) -> None:
        self._kinds, self._make = kinds, make
        self._made: dict[LinkKind, csr_array | None] = {}

    def __getitem__(self, kind: LinkKind) -> csr_array:
        if kind not in self._made:
            self._made[kind] = self._make(self._kinds[kind])
        if (made := self._made[kind]) is None:
            raise KeyError(kind)
        return made

    def __iter__(self) -> Iterator[LinkKind]:
        return (kind for kind in self._kinds if kind in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _linkable(kind: LinkKind, party: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
    """Incidences of values that few enough parties share, and how many share each."""
    df = np.bincount(value)[value] if len(value) else value
    kept = df <= LIMIT.get(kind, MOST_SHARED)
    return party[kept], value[kept], df[kept]


def _rarest(df: Ints) -> int:
    """Sharers up to which values may link, so that there are :data:`MOST_PAIRS` pairs at most. ``df`` per incidence."""
    pairs_of = (
        np.cumsum(np.bincount(df, df - 1.0)) / 2
    )  # an incidence of a value with df sharers stands for df - 1 half pairs
    return max(int(np.searchsorted(pairs_of, MOST_PAIRS, side="right")) - 1, 2)


def total_of(shape: tuple[int, int], parts: Iterable[csr_array]) -> csr_array:
    """The sum of some link matrices, without links below :data:`WEAKEST`."""
    total = csr_array(shape)
    for part in parts:
        total = total + part
    total.data[total.data < WEAKEST] = 0
    total.eliminate_zeros()
    total.sort_indices()
    return csr_array(total)


def graph_at(log: Log, kinds: Mapping[LinkKind, Incidence], ts: int, active: int) -> Graph:
    """The link graph as of ``ts`` among ``active`` parties seen so far."""
    return Graph(log.parties, kinds, ts, active)
