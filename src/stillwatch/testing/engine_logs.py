"""A small log with everything that engines could count differently: for the tests that hold them against each other.

Equal times, repeated ids, rows that must be set aside, addresses in several spellings, popular texts, one account beyond the
limits per day and in all, contexts that are handed over and contexts that several parties have produced.

>>> from stillwatch.testing.engine_logs import awkward_rows
>>> len(awkward_rows()) > 500
True
"""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, START, exchange

Row = dict[str, object]
ADDRESSES = ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "no address", None)
CLIENTS = ("sdk/1|linux", "sdk/2|linux", "Agent 7", "browser", "", None)
SETUPS = 100
"""Distinct client products of one account: more than set-ups are told apart."""


def awkward_rows(seed: int = 3, *, with_text: bool = True) -> list[Row]:
    """Rows of the log, in no order of time."""
    rng = random.Random(seed)  # noqa: S311 - made-up values
    rows = [_ordinary(i, rng) for i in range(600)]
    rows += [_busy(i) for i in range(90)]
    rows += _handed_over()
    rows += [
        exchange(2000 + i, exchange_id=f"s{i}", account_id="many-clients", client=f"product{i}", prompt=f"s {i}")
        for i in range(SETUPS)
    ]
    rows += [{**rows[605], "ts": START + timedelta(days=3)}, {**rows[609]}]  # repeated ids: later, and the same
    if not with_text:
        rows = [{**row, "prompt": None} for row in rows]
    rng.shuffle(rows)
    return rows


def bad_rows() -> list[Row]:
    """Rows that the contract does not allow."""
    return [
        exchange(1, exchange_id="bad1", account_id=None),
        exchange(2, exchange_id="bad2", account_id=""),
        exchange(3, exchange_id="bad3", input_tokens=-1),
        exchange(4, exchange_id="bad4", ts=None),
        exchange(5, exchange_id="bad5", status=None),
        exchange(6, exchange_id=None),
    ]


def awkward_accounts() -> list[Row]:
    """Records: owners in common, payment with and without promotion codes, sign-up networks; some accounts have none."""
    return [
        {
            "account_id": f"a{i}",
            "owner_id": f"o{i // 2}" if i < 6 else None,
            "payment_fingerprint": ("promo_x" if i % 5 == 0 else f"card{i % 7}") if i % 3 else None,
            "email_domain": f"d{i % 4}.example",
            "signup_ip": f"2001:db8:{i % 3}::{i}" if i % 2 else f"198.51.100.{i % 6}",
            "verified": i % 4 == 0,
        }
        for i in range(24)
    ]


def write_awkward(folder: Path, *, with_text: bool = True, bad: bool = True, files: int = 2) -> Path:
    """Write ``exchanges/`` (several files) and ``accounts.parquet``; returns ``folder``."""
    (folder / "exchanges").mkdir(parents=True, exist_ok=True)
    rows = awkward_rows(with_text=with_text) + (bad_rows() if bad else [])
    size = -(-len(rows) // files)
    schema = pa.schema([pa.field(f.name, f.type) for f in EXCHANGE_SCHEMA])
    for number in range(files):
        part = pa.Table.from_pylist(rows[number * size : (number + 1) * size], schema=schema)
        pq.write_table(part, folder / "exchanges" / f"part-{number}.parquet")
    pq.write_table(pa.Table.from_pylist(awkward_accounts(), schema=ACCOUNT_SCHEMA), folder / "accounts.parquet")
    return folder


def _ordinary(i: int, rng: random.Random) -> Row:
    minute = rng.choice((0, 1, 60, 61, 120, 1440, 1441, 2880, i))  # many rows share a moment
    return exchange(
        minute,
        exchange_id=f"x{i:04d}",
        account_id=f"a{rng.randrange(30)}",
        prompt=rng.choice((f"own {i}", f"shared {i % 40}", "hello", None)),
        turn=rng.choice((0, 1, 1, 1, 2, 5)),
        status=rng.choice((200, 200, 200, 399, 400, 429)),
        ip=rng.choice(ADDRESSES),
        client=rng.choice(CLIENTS),
        ja4=rng.choice(("t13a", "t13b", None)),
        model=rng.choice(("m-large", "m-small")),
        endpoint=rng.choice(("chat", "batch")),
        channel=rng.choice(("api", "app", None)),
        conversation_id=rng.choice((f"conv{i % 50}", None)),
        n_tools=rng.choice((0, 0, 3)),
        stream=rng.random() < 0.5,
        input_tokens=rng.choice((0, 10, 70_000, 2_000_000_000)),
        output_tokens=rng.randrange(5000),
    )


def _busy(i: int) -> Row:
    """One account with more openings than count on a day, and more than count in all."""
    return exchange(20 * i, exchange_id=f"b{i:04d}", account_id="busy", prompt=f"busy {i}")


def _handed_over() -> list[Row]:
    """Contexts passed from one party to another; passed on at once; popular; passed within one owner."""

    def step(minute: int, name: str, account: str, **contexts: str) -> Row:
        return exchange(minute, exchange_id=name, account_id=account, prompt=f"text {name}", turn=2, **contexts)

    return [
        step(10, "h1", "a10", context_out="c1"),
        step(20, "h2", "a11", context_in="c1", context_out="c2"),
        step(30, "h3", "a12", context_in="c2"),
        step(30, "h4", "a12", context_in="c1"),
        step(40, "h5", "a13", context_out="popular"),
        step(41, "h6", "a14", context_out="popular"),
        step(42, "h7", "a15", context_in="popular"),
        step(50, "h8", "a16", context_out="c3"),
        step(55, "h9", "a17", context_in="c3"),
        step(56, "h10", "a18", context_out="c3"),
        step(57, "h11", "a19", context_in="c3"),
        step(60, "h12", "a0", context_out="c4"),
        step(61, "h13", "a1", context_in="c4"),  # the same owner
        step(70, "h14", "a20", context_in="c5"),  # before anybody produced it
        step(71, "h15", "a21", context_out="c5"),
        step(80, "h16", "a22", context_out="c6"),
        step(80, "h17", "a23", context_out="c6"),  # two makers at one moment
        step(80, "h18", "a10", context_in="c6"),
        step(90, "h19", "a10", context_in="c6"),
    ]
