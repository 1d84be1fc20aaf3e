"""Conversations: which exchange goes on with which, from context hashes, conversation ids and turns, in that order.

An exchange continues the latest earlier one whose ``context_out`` equals its ``context_in``, whoever sent it; without
contexts, the first exchange of its ``conversation_id``; without either, a turn above one continues the account's previous
exchange. Every exchange has an opening: the first of its conversation, itself where nothing precedes it.
"""

from __future__ import annotations

import numpy as np

from stillwatch.detect.log import NONE, Ints, Log, pairs


def openings_of(log: Log) -> Ints:
    """For each exchange, the row that opened its conversation."""
    rows = np.arange(len(log))
    before = rows.copy()
    by_turn = log.turn > 1
    before = np.where(by_turn, _previous_of_account(log), before)
    by_conversation = _first_of_conversation(log)
    before = np.where(by_conversation != NONE, by_conversation, before)
    by_context = _latest_with_context(log)
    before = np.where(by_context != NONE, by_context, before)
    while True:
        further = before[before]
        if (further == before).all():
            return before
        before = further


def _previous_of_account(log: Log) -> Ints:
    order = np.argsort(log.account, kind="stable")
    previous = np.arange(len(log))
    same = log.account[order][1:] == log.account[order][:-1]
    previous[order[1:][same]] = order[:-1][same]
    return previous


def _first_of_conversation(log: Log) -> Ints:
    out = np.full(len(log), NONE, np.int64)
    known = np.flatnonzero(log.conversation.codes != NONE)
    key = pairs(log.conversation.codes[known], log.account[known], len(log.accounts))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    out[known] = known[first[inverse]]
    return out


def _latest_with_context(log: Log) -> Ints:
    size = len(log)
    out = np.full(size, NONE, np.int64)
    made = np.flatnonzero(log.context_out != NONE)
    asked = np.flatnonzero(log.context_in != NONE)
    if not len(made) or not len(asked):
        return out
    keys = np.sort(pairs(log.context_out[made], made, size))
    at = np.searchsorted(keys, pairs(log.context_in[asked], asked, size)) - 1
    found = (at >= 0) & (keys[np.maximum(at, 0)] // size == log.context_in[asked])
    out[asked[found]] = keys[at[found]] % size
    return out
