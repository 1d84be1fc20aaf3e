"""A log of what was fetched from an engine: the openings that count, and all exchanges of some accounts.

Its accounts are those of the whole log, so codes of accounts and numbers of parties mean the same as everywhere. An opening
whose account was not fetched has a time, an account and a text, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.hunt_tables import HuntTables
from stillwatch.detect.core.hunting import FETCHED_COLUMNS
from stillwatch.detect.engine_texts import EngineTexts
from stillwatch.detect.log import NONE, Bools, Codes, Ints, Log
from stillwatch.events.canonical import NULL_KEY

_OF_AN_OPENING = {"turn": 1, "status": 200}
"""What is known of an opening that counts besides its time, account and text."""


@dataclass(frozen=True)
class Fetched:
    """A log of fetched rows; ``counted`` marks the openings that count, in the order of the engine's."""

    log: Log
    texts: EngineTexts
    counted: Bools


def fetched(
    found: HuntTables,
    texts: EngineTexts,
    *,
    rows: pa.Table | None = None,
    models: pa.Table | None = None,
    sizes: pa.Table | None = None,
) -> Fetched:
    """Put a log together.

    Args:
        found: The tables of the whole log.
        texts: The texts of its openings; those of other messages are added behind them.
        rows: All exchanges of some accounts, with the columns of the core's ``rows_of_accounts``.
        models: (key, name) of the models.
        sizes: Tokens of the openings that count, by exchange.
    """
    columns = _of_openings(found, sizes)
    if rows is not None:
        theirs = {name: np.asarray(rows[name].to_numpy(), np.int64) for name in FETCHED_COLUMNS}
        others = ~np.isin(columns["exchange"], theirs["exchange"])
        columns = {name: np.concatenate([columns[name][others], theirs[name]]) for name in FETCHED_COLUMNS}
    order = np.lexsort((columns["exchange"], columns["ts_us"]))
    columns = {name: values[order] for name, values in columns.items()}
    keys, prompt = _coded(columns["text"], texts.keys)
    known = texts.sketches.of(keys)
    contexts = _numbered(np.concatenate([columns["context_in"], columns["context_out"]]))
    inward, outward = np.split(contexts, 2)
    by_key = np.argsort(found.account_key, kind="stable")
    account = by_key[np.searchsorted(found.account_key[by_key], columns["account"])]
    nothing = Codes(np.full(len(order), NONE, np.int32), pa.nulls(0))
    log = Log(
        ts=columns["ts_us"],
        account=account.astype(np.int32),
        prompt=Codes(prompt, pa.nulls(len(keys))),
        client=_of_keys(columns["client"]),
        ja4=nothing,
        ip=nothing,
        model=_named(columns["model"], models),
        endpoint=nothing,
        channel=nothing,
        conversation=_of_keys(columns["conversation"]),
        context_in=inward,
        context_out=outward,
        turn=columns["turn"],
        n_tools=np.zeros(len(order), np.int32),
        stream=np.zeros(len(order), bool),
        input_tokens=columns["input_tokens"],
        output_tokens=columns["output_tokens"],
        status=columns["status"],
        accounts=found.accounts,
        texts_from=known,
    )
    return Fetched(log, known, np.isin(columns["exchange"], found.openings.exchange))


def _of_openings(found: HuntTables, sizes: pa.Table | None) -> dict[str, Ints]:
    """The openings that count as rows."""
    opened = found.openings
    count = len(opened.exchange)
    columns: dict[str, Ints] = {name: np.full(count, _OF_AN_OPENING.get(name, 0)) for name in FETCHED_COLUMNS}
    columns |= {"exchange": opened.exchange, "ts_us": opened.ts, "account": opened.account, "text": opened.text}
    if sizes is not None:
        sizes = sizes.sort_by("exchange")
        at = np.searchsorted(sizes["exchange"].to_numpy(), opened.exchange)
        columns |= {name: sizes[name].to_numpy()[at] for name in ("input_tokens", "output_tokens")}
    return columns


def _coded(text: Ints, known: Ints) -> tuple[Ints, Ints]:
    """Keys by code, the sorted ``known`` ones first, and the code of each text."""
    more = np.setdiff1d(text[text != NULL_KEY], known)
    keys = np.concatenate([known, more])
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], text), max(len(keys) - 1, 0))
    code = order[at] if len(keys) else np.zeros(len(text), np.int64)
    return keys, np.where(text == NULL_KEY, NONE, code).astype(np.int32)


def _numbered(keys: Ints) -> Ints:
    """A number per key, :data:`NONE` for null."""
    code = np.unique(keys, return_inverse=True)[1]
    return np.where(keys == NULL_KEY, NONE, code).astype(np.int32)


def _of_keys(keys: Ints) -> Codes:
    return Codes.of(pa.array(keys, mask=keys == NULL_KEY), len(keys))


def _named(keys: Ints, names: pa.Table | None) -> Codes:
    """Codes of keys whose names are known."""
    if names is None:
        return Codes.of(None, len(keys))
    at = pc.index_in(pa.array(keys), value_set=names["key"].combine_chunks())
    return Codes.of(names["name"].take(at), len(keys))


def sampled(found: HuntTables, left_out: Bools, most: int, exchanges: int) -> Ints:
    """At most so many parties with at most so many exchanges together, none of them ``left_out``.

    Chosen by the hash of their first account, so that the choice depends on nothing that they do; who would not fit any more
    is passed over.
    """
    party, first = np.unique(found.accounts.party, return_index=True)
    sent = np.bincount(found.accounts.party, found.account_exchanges, len(party)).astype(np.int64)
    order = party[np.argsort(found.account_key[first].view(np.uint64), kind="stable")]
    chosen: list[int] = []
    for each in order[~left_out[order]]:
        if len(chosen) == most:
            break
        if sent[each] <= exchanges:
            exchanges -= int(sent[each])
            chosen.append(int(each))
    return np.array(chosen, np.int64)
