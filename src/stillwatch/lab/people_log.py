"""A contract log of real people and of their messages dealt over accounts, for any detector to be scored on.

The individuals with enough days are divided into disjoint halves. One half stands as linked sets of people: benign. The
messages of the other half stand as linked sets of as many accounts, dealt: campaigns. Everybody else, and who is left over,
is an ordinary account. The accounts of a set, be it people or dealt, come through a common pool of addresses, one for every
three accounts, as behind one company's exits; an ordinary account has an address of its own. A detector that goes by
addresses alone flags the linked people as surely as the dealt ones. Every other column is the same for all.

One message an account and day. The chat's own hours are not told reliably (a 12-hour clock), so every account, dealt or not,
is given an hour of its own about which it writes: a dealer that keeps human hours, so that the messages alone can decide.

Truth holds three labels: ``person``, ``linked person`` and, for campaigns, ``dealt people``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch._internal.times import microseconds
from stillwatch.errors import OutputError
from stillwatch.events.model import ACCOUNTS, EXCHANGES, Column
from stillwatch.lab.irc import Chat
from stillwatch.lab.people import Crowd, Setting, deal, eligible, halves

Ints = npt.NDArray[np.int64]
START = microseconds(datetime(2026, 10, 1, tzinfo=UTC))
DAY = 86_400_000_000
ACCOUNTS_PER_ADDRESS = 3
HOURS_SPREAD = 2.5
PERSON, LINKED, DEALT = "person", "linked person", "dealt people"
_TIME = pa.timestamp("us", "UTC")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What the log holds."""

    exchanges: int
    accounts: int
    linked_sets: int
    campaigns: int
    accounts_per_set: int


@dataclass(frozen=True)
class _Account:
    rows: tuple[int, ...]
    label: str
    campaign: str | None
    network: int


def write_people_log(chat: Chat, setting: Setting, out: Path) -> Written:
    """Write exchanges, accounts, truth and truth_exchanges as Parquet, and card.json, into ``out``.

    Raises:
        InputError: Too few people for two disjoint sets.
        OutputError: The folder cannot be written.
    """
    setting.check()
    rng = np.random.default_rng([setting.seed, 1])
    crowd = Crowd.of(chat)
    accounts = _accounts(crowd, setting, rng)
    accounts = [accounts[at] for at in rng.permutation(len(accounts))]
    tables = _tables(crowd, accounts, setting, rng)
    campaigns = {a.campaign for a in accounts if a.campaign}
    linked = sum(a.label == LINKED for a in accounts) // setting.accounts
    written = Written(
        exchanges=len(tables["exchanges"]),
        accounts=len(accounts),
        linked_sets=linked,
        campaigns=len(campaigns),
        accounts_per_set=setting.accounts,
    )
    card = {"scenario": "people", "seed": setting.seed, "version": __version__, "figures": msgspec.to_builtins(written)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            pq.write_table(table, out / f"{name}.parquet", compression="zstd")
        (out / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}", hint="Name another --out.") from error
    return written


def _accounts(crowd: Crowd, setting: Setting, rng: np.random.Generator) -> list[_Account]:
    """Who says what: linked people, dealt people, and everybody else; networks are numbered, one for each set."""
    enough = eligible(crowd, setting)
    out: list[_Account] = []
    network = 0
    spare: list[int] = []
    for half, label in zip(halves(enough, rng), (LINKED, DEALT), strict=True):
        whole = len(half) // setting.accounts * setting.accounts
        spare.extend(int(person) for person in half[whole:])
        for people in half[:whole].reshape(-1, setting.accounts):
            rows = np.array([crowd.one_a_day(int(person), rng, setting.messages) for person in people])
            if label == DEALT:
                rows = deal(rows, rng)
            campaign = f"people-{network}" if label == DEALT else None
            out.extend(_Account(tuple(int(r) for r in each), label, campaign, network) for each in rows)
            network += 1
    others = [int(person) for person in np.setdiff1d(np.arange(len(crowd.rows)), enough)]
    for person in (*spare, *others):
        days = min(len(crowd.rows[person]), setting.messages)
        out.append(_Account(tuple(crowd.one_a_day(person, rng, days)), PERSON, None, network))
        network += 1
    return out


def _tables(crowd: Crowd, accounts: list[_Account], setting: Setting, rng: np.random.Generator) -> dict[str, pa.Table]:
    names = [_name("acct", setting.seed, at) for at in range(len(accounts))]
    networks = rng.choice(1 << 16, max(a.network for a in accounts) + 1, replace=False)  # a /24 of 240.0.0.0/8 each
    signed = rng.integers(1, 365, len(accounts))
    pool = [max(2, setting.accounts // ACCOUNTS_PER_ADDRESS) if a.label != PERSON else 1 for a in accounts]
    of = np.repeat(np.arange(len(accounts)), [len(a.rows) for a in accounts])
    day = np.concatenate([rng.permutation(setting.messages)[: len(a.rows)] for a in accounts])
    hour = rng.uniform(0, 24, len(accounts))[of] + rng.normal(0, HOURS_SPREAD, len(of))
    ts = START + day * DAY + ((hour % 24) / 24 * DAY).astype(np.int64)
    row = np.array([row for a in accounts for row in a.rows])
    order = np.argsort(ts, kind="stable")
    of, row, ts = of[order], row[order], ts[order]
    texts = [crowd.texts[int(r)] for r in row]
    ids = [_name("x", setting.seed, at) for at in range(len(of))]
    created = START - signed * DAY - rng.integers(0, DAY, len(accounts))
    network = np.array([int(networks[a.network]) for a in accounts])
    ips = [
        _address(int(network[a]), int(host)) for a, host in zip(of, rng.integers(0, np.array(pool)[of]), strict=True)
    ]
    return {
        "exchanges": _exchanges(ids, ts, [names[a] for a in of], ips, texts, rng),
        "accounts": _whole(
            {
                "account_id": pa.array(names),
                "created_at": pa.array(created, _TIME),
                "tier": pa.array(["free"] * len(names)),
                "signup_ip": pa.array(
                    [_address(int(net), int(host)) for net, host in zip(network, rng.integers(0, pool), strict=True)]
                ),
                "verified": pa.array(np.zeros(len(names), bool)),
            },
            ACCOUNTS,
        ),
        "truth": pa.table(
            {
                "account_id": names,
                "label": [a.label for a in accounts],
                "campaign": pa.array([a.campaign for a in accounts], pa.string()),
                "kind": ["extraction" if a.campaign else "benign" for a in accounts],
                "provider": pa.array(np.zeros(len(names), np.int32)),
            }
        ),
        "truth_exchanges": pa.table({"exchange_id": ids, "malicious": [accounts[a].campaign is not None for a in of]}),
    }


def _exchanges(
    ids: list[str], ts: Ints, accounts: list[str], ips: list[str], texts: list[str], rng: np.random.Generator
) -> pa.Table:
    count = len(ids)
    words = np.array([len(text.split()) for text in texts])
    return _whole(
        {
            "exchange_id": pa.array(ids),
            "ts": pa.array(ts, _TIME),
            "account_id": pa.array(accounts),
            "ip": pa.array(ips),
            "model": pa.array(["atlas-large"] * count),
            "endpoint": pa.array(["chat"] * count),
            "prompt": pa.array(texts),
            "turn": pa.array(np.ones(count, np.int32)),
            "n_tools": pa.array(np.zeros(count, np.int32)),
            "stream": pa.array(np.zeros(count, bool)),
            "input_tokens": pa.array((words * 4 // 3).astype(np.int32)),
            "output_tokens": pa.array(rng.lognormal(5.5, 0.6, count).astype(np.int32)),
            "channel": pa.array(["app"] * count),
            "status": pa.array(np.full(count, 200, np.int16)),
        },
        EXCHANGES,
    )


_NULLS = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
}


def _whole(known: dict[str, pa.Array], columns: tuple[Column, ...]) -> pa.Table:
    """A table with every column of the contract, in its order; those not known are null throughout."""
    count = len(next(iter(known.values())))
    return pa.table({c.name: known[c.name] if c.name in known else pa.nulls(count, _NULLS[c.sql]) for c in columns})


def _name(kind: str, seed: int, at: int) -> str:
    """A keyed hash of a counter: its order and shape tell nothing."""
    return f"{kind}_{blake2b(f'{kind}/{at}'.encode(), key=str(seed).encode(), digest_size=8).hexdigest()}"


def _address(network: int, host: int) -> str:
    """An address of the reserved block 240.0.0.0/8, so that nobody's is used."""
    return f"240.{network >> 8}.{network & 255}.{host + 1}"
