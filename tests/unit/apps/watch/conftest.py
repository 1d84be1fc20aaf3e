"""A clock that stands still, and states in temporary folders."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stillwatch._internal.times import microseconds
from stillwatch.apps.watch.batch import Batch, FileSeen, in_order, shaped
from stillwatch.apps.watch.prompts import Prompts
from stillwatch.apps.watch.state import Limits, State
from stillwatch.testing.logs import EXCHANGE_SCHEMA, START, exchange

NOW = microseconds(START) + 400 * 86_400_000_000


@pytest.fixture
def make_state(tmp_path):
    """Opens the state of this test, again after closing it."""
    opened = []

    def make(limits=None):
        for each in opened:
            each.close()
        opened.append(State(tmp_path / "state", limits or Limits()))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def rows():
    """Exchanges as a table of the watch."""

    def table(*numbers, **changes):
        made = [exchange(number, **changes) for number in numbers]
        return in_order(shaped(pa.Table.from_pylist(made, schema=EXCHANGE_SCHEMA)))

    return table


@pytest.fixture
def take():
    """Takes a table into a state as one batch."""

    def taken(state, table, *, name="", backlog=False, positions=None, keep_text=False, leave_out=True, now=NOW):
        files = (FileSeen(name, 1, 1),) if name else ()
        batch = Batch(
            origin=name or "test",
            table=table,
            seen=table.num_rows,
            arrived_us=now,
            files=files,
            backlog=backlog,
            positions=positions or {},
        )
        prompts = Prompts(state.key, keep_text=keep_text, leave_out=leave_out, pool=None)
        return state.take(batch, prompts.hide(table), now_us=now)

    return taken
