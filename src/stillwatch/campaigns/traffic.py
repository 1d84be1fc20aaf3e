"""Traffic: what the looks of a hunt read of a log besides openings and links, as sums that any engine can give.

A log in memory gives one entry of activity per exchange; an engine gives cells (party, full hour, set-up), in which
exchanges are counted already. A look reads the entries up to its moment, so both give the same counts at every full hour,
and at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.campaigns.links import LinkKind
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, NONE, Accounts, Bools, Ints, Log
from stillwatch.detect.setup import setups

if TYPE_CHECKING:
    from stillwatch.campaigns.hunt_tables import HuntTables

BATCH = "batch"
"""The endpoint of batch jobs."""


@dataclass(frozen=True)
class Entries:
    """Activity in order of time: ``at`` is the moment from which a look has seen an entry (microseconds).

    ``exchanges`` counts those of each entry, None where each is one; ``continued`` those that go on with a conversation.
    """

    at: Ints
    party: Ints
    setup: Ints
    exchanges: Ints | None
    continued: Ints | Bools


@dataclass(frozen=True)
class Traffic:
    """A log in figures.

    Attributes:
        accounts: Accounts that appear in the log, and the parties they are gathered to.
        sent: Exchanges of each account.
        batched: Those of them that were batch jobs' (:data:`BATCH`).
        first_seen: Time of each party's first exchange.
        first_us: Time of the first exchange of the log; ``last_us`` of the last. 0 in an empty log.
        opening_ts: Times of the openings that count.
        activity: Who sent how much when, and with which set-up.
        with_text: Has the log any text? ``with_contexts``: context hashes; ``with_addresses``: addresses.
    """

    accounts: Accounts
    sent: Ints
    batched: Ints
    first_seen: Ints
    first_us: int
    last_us: int
    opening_ts: Ints
    activity: Entries
    with_text: bool
    with_contexts: bool
    with_addresses: bool

    @property
    def parties(self) -> int:
        """How many parties there are."""
        return len(self.first_seen)

    @property
    def exchanges(self) -> int:
        """How many exchanges the log has."""
        return int(self.sent.sum())

    def sent_by_party(self, sent: Ints | None = None) -> Ints:
        """Exchanges of each party; or what else is counted per account."""
        return np.bincount(self.accounts.party, self.sent if sent is None else sent, self.parties).astype(np.int64)

    def upto(self, ts: int) -> int:
        """How many entries of the activity a look at ``ts`` has seen: all at the end of the log."""
        if ts >= self.last_us:
            return len(self.activity.at)
        return int(np.searchsorted(self.activity.at, ts, side="right"))

    @classmethod
    def of(cls, log: Log, rows: Ints) -> Traffic:
        """Of a log in memory; ``rows`` are the openings that count."""
        count = len(log.accounts)
        first_seen = np.full(log.parties, np.iinfo(np.int64).max)
        np.minimum.at(first_seen, log.party, log.ts)
        batch = np.array([str(v) == BATCH for v in log.endpoint.values.to_pylist()] + [False])
        going_on = log.context_in != NONE
        return cls(
            accounts=log.accounts,
            sent=np.bincount(log.account, minlength=count),
            batched=np.bincount(log.account[batch[log.endpoint.codes]], minlength=count),
            first_seen=first_seen,
            first_us=int(log.ts[0]) if len(log) else 0,
            last_us=int(log.ts[-1]) if len(log) else 0,
            opening_ts=log.ts[rows],
            activity=Entries(log.ts, log.party, setups(log), None, going_on),
            with_text=log.with_text,
            with_contexts=bool(going_on.any()),
            with_addresses=not log.ip.empty,
        )

    @classmethod
    def summed(cls, found: HuntTables) -> Traffic:
        """Of an engine's tables."""
        cells = found.activity
        hours = cells.look * MICROSECONDS_PER_HOUR
        return cls(
            accounts=found.accounts,
            sent=found.account_exchanges,
            batched=found.account_batched,
            first_seen=found.first_seen,
            first_us=found.first_us,
            last_us=found.last_us,
            opening_ts=found.openings.ts,
            activity=Entries(hours, cells.party, cells.setup, cells.exchanges, cells.continued),
            with_text=found.with_text,
            with_contexts=bool(cells.continued.any()),
            with_addresses=len(found.shown[LinkKind.ADDRESS].party) > 0,
        )
