"""Records of any format become rows; bad ones are set aside alone."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.apps.watch.batch import ROWS
from stillwatch.apps.watch.sources.records import DUPLICATE, Records
from stillwatch.events.adapters.protocol import AdapterContext
from stillwatch.testing.logs import exchange

CONTEXT = AdapterContext(hash_key=b"k" * 32)


def records(**more):
    return Records(None, CONTEXT, **more)


def line(*rows):
    return b"\n".join(msgspec.json.encode(exchange(row)) for row in rows)


def test_one_object_or_one_on_each_line():
    made = records()
    assert made.add_bytes(line(2), "s", 1) == 0
    assert made.add_bytes(line(1, 0), "s", 2) == 0
    read = made.read("s")
    assert read.table["exchange_id"].to_pylist() == ["x0000", "x0001", "x0002"]
    assert read.table.schema.names == ROWS.names


def test_a_bad_line_costs_nothing_else():
    made = records()
    assert made.add_bytes(line(0) + b"\n{broken\n" + line(1), "s", 7) == 1
    read = made.read("s")
    assert (read.table.num_rows, read.seen, read.rejects.rows) == (2, 3, 1)
    assert read.rejects.samples[0].file == "s"


def test_what_no_format_knows_is_set_aside():
    made = records()
    assert made.add_bytes(b'{"hello": 1}', "s", 1) == 1
    assert made.read("s").rejects.counts[0].reason == "no known format"


def test_an_id_twice_in_one_batch_counts_once():
    made = records()
    made.add_bytes(line(0), "s", 1)
    made.add_bytes(line(0), "s", 2)
    read = made.read("s")
    assert read.table.num_rows == 1
    assert [tally.reason for tally in read.rejects.counts] == [DUPLICATE]


def test_text_is_left_out_where_told():
    made = records(metadata_only=True)
    made.add_bytes(line(0), "s", 1)
    assert made.read("s").table["prompt"].to_pylist() == [None]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_comes_is_counted(messages):
    made = records()
    for number, message in enumerate(messages):
        made.add_bytes(message, "s", number)
    read = made.read("s")
    assert read.seen >= read.rejects.rows + read.table.num_rows
