"""The integer core counted a second time, plainly, from a log in memory: what every engine is held against.

Written in NumPy over :class:`stillwatch.detect.log.Log` and shares no code with the definitions of the engines.

>>> from stillwatch.testing.core_reference import log_in_key_order      # doctest: +SKIP
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from stillwatch.campaigns.links import Incidence, address_block
from stillwatch.detect.log import COLUMNS, MICROSECONDS_PER_HOUR, NONE, Codes, Ints, Log, combined
from stillwatch.detect.setup import setups
from stillwatch.events.read import read_accounts, read_exchanges

GAPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400)
MOST_TOKENS = 65_535


def log_in_key_order(exchanges: Path, accounts: Path | None, *, metadata_only: bool = False) -> Log:
    """The log in memory, in order of (time, xxh3 of the exchange's id) as engines order it."""
    table = read_exchanges(exchanges, columns=COLUMNS, metadata_only=metadata_only).table
    raw = [xxhash.xxh3_64_intdigest(name.encode()) for name in table["exchange_id"].to_pylist()]
    key = np.array(raw, np.uint64).view(np.int64)
    ts = table["ts"].cast(pa.int64()).to_numpy()
    records = read_accounts(accounts).table if accounts else None
    return Log.build(table.take(pa.array(np.lexsort((key, ts)))), records)


def account_sums(log: Log) -> dict[str, Ints]:
    """The integer core and all further sums, aligned with the accounts of the log."""
    size = len(log.accounts)
    account = log.account
    day, clock = log.ts // (24 * MICROSECONDS_PER_HOUR), log.ts // MICROSECONDS_PER_HOUR

    def count(mask: npt.NDArray[np.bool_]) -> Ints:
        return np.bincount(account[mask], minlength=size)

    def total(values: Ints) -> Ints:
        out = np.zeros(size, np.int64)
        np.add.at(out, account, values.astype(np.int64))
        return out

    def extreme(values: Ints, ufunc: np.ufunc, start: int) -> Ints:
        out = np.full(size, start, np.int64)
        ufunc.at(out, account, values.astype(np.int64))
        return out

    big = np.iinfo(np.int64).max
    first = log.turn <= 1
    tokens = {"input": log.input_tokens, "output": log.output_tokens}
    sums: dict[str, Ints] = {
        "exchanges": count(np.ones(len(log), bool)),
        "failed": count(log.status >= 400),
        "openings": count(first),
        "opened": count(first & (log.status < 400)),
        "turns": total(log.turn),
        "with_tools": count(log.n_tools > 0),
        "tools": total(log.n_tools),
        "streamed": count(log.stream),
        "continued": count(log.context_in != NONE),
        "turn_most": extreme(log.turn, np.maximum, -1),
        "first_us": extreme(log.ts, np.minimum, big),
        "last_us": extreme(log.ts, np.maximum, -1),
    }
    for name, values in tokens.items():
        sums[f"{name}_tokens"] = total(values)
        sums[f"{name}_square"] = total(np.minimum(values.astype(np.int64), MOST_TOKENS) ** 2)
        sums[f"{name}_most"] = extreme(values, np.maximum, -1)
        sums[f"{name}_least"] = extreme(values, np.minimum, big)
    sums |= {f"hour_{h:02d}": count(clock % 24 == h) for h in range(24)}
    sums |= _gaps(log, size)
    for kind, codes in _kinds(log).items():
        distinct, square, most = _variety(account, codes, size)
        sums |= {f"{kind}_distinct": distinct, f"{kind}_square": square, f"{kind}_most": most}
    sums["days"], sums["day_square"], sums["day_most"] = _variety(account, day, size)
    sums["hours_active"], _, sums["hour_most"] = _variety(account, -(-log.ts // MICROSECONDS_PER_HOUR), size)
    return sums


def _gaps(log: Log, size: int) -> dict[str, Ints]:
    order = np.lexsort((log.ts, log.account))
    account, ts = log.account[order], log.ts[order]
    same = account[1:] == account[:-1]
    who, gap = account[1:][same], np.diff(ts)[same]
    return {f"gap_{s:05d}": np.bincount(who[gap <= s * 1_000_000], minlength=size) for s in GAPS_S}


def _kinds(log: Log) -> dict[str, Ints]:
    both = np.where(
        (log.client.codes != NONE) & (log.ja4.codes != NONE), combined(log.client.codes, log.ja4.codes), NONE
    )
    return {
        "text": log.prompt.codes,
        "address": _recoded(log.ip, address_block),
        "conversation": log.conversation.codes,
        "client": log.client.codes,
        "fingerprint": both,
        "setup": _setups(log),
        "model": log.model.codes,
        "endpoint": log.endpoint.codes,
        "channel": log.channel.codes,
    }


def _recoded(codes: Codes, rename: Callable[[str], str]) -> Ints:
    """Codes of values under other names."""
    names = [rename(str(value)) for value in codes.values.to_pylist()]
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([*(number[name] for name in names), NONE])[codes.codes]


def _setups(log: Log) -> Ints:
    """Set-ups without the limit on how many are told apart."""
    product = _recoded(log.client, lambda name: re.sub(r"[\s/|].*$", "", name).lower())
    return combined(
        product, (log.n_tools > 0).astype(np.int64), log.stream.astype(np.int64), log.endpoint.codes, log.channel.codes
    )


def _variety(account: Ints, codes: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    known = codes != NONE
    cells, times = np.unique(np.stack([account[known], codes[known]]), axis=1, return_counts=True)
    square, most = np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(square, cells[0], times**2)
    np.maximum.at(most, cells[0], times)
    return np.bincount(cells[0], minlength=size), square, most


def first_texts(log: Log) -> set[tuple[int, str, int]]:
    """(party, text, since) of all openings with text."""
    rows = np.flatnonzero((log.turn <= 1) & (log.status < 400) & (log.prompt.codes != NONE))
    _, at = np.unique(np.stack([log.party[rows], log.prompt.codes[rows]]), axis=1, return_index=True)
    return {(int(log.party[r]), str(log.prompt.text(int(log.prompt.codes[r]))), int(log.ts[r])) for r in rows[at]}


def activity(log: Log) -> dict[tuple[int, int, int], tuple[int, int]]:
    """(party, look, set-up) -> (exchanges, continued)."""
    out: dict[tuple[int, int, int], tuple[int, int]] = {}
    looks = -(-log.ts // MICROSECONDS_PER_HOUR)
    goes_on = log.context_in != NONE
    for cell, more in zip(
        zip(log.party.tolist(), looks.tolist(), setups(log).tolist(), strict=True), goes_on.tolist(), strict=True
    ):
        count, continued = out.get(cell, (0, 0))
        out[cell] = (count + 1, continued + int(more))
    return out


def shown(incidence: Incidence) -> list[tuple[int, str, int]]:
    """(party, name, since) of an incidence, sorted."""
    names = [incidence.name(int(v)) for v in incidence.value]
    return sorted(zip(incidence.party.tolist(), names, incidence.since.tolist(), strict=True))
