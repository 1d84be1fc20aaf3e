"""Canonical rows: names become keys, nothing is null, and each row stands alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events.addresses import address_block, spelled, subscriber
from stillwatch.events.canonical import (
    CANONICAL,
    COLUMNS,
    DAY_US,
    HOUR_US,
    NULL_KEY,
    canonical,
    client_product,
    key,
    keys,
    mixed,
)
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange


def made(*changes):
    return canonical(pa.Table.from_pylist([exchange(i, **c) for i, c in enumerate(changes)], schema=EXCHANGE_SCHEMA))


def column(found, name):
    return found.rows[name].to_pylist()


class TestKeys:
    @given(st.text(min_size=0, max_size=50))
    def test_is_xxh3_as_a_signed_number(self, text):
        unsigned = xxhash.xxh3_64_intdigest(text.encode())
        assert key(text) % 2**64 == unsigned
        assert -(2**63) <= key(text) < 2**63

    def test_known_values(self):  # of the published xxHash: XXH3_64bits("") and ("a")
        assert key("") % 2**64 == 0x2D06800538D394C2
        assert key("a") % 2**64 == 0xE6C632B61E964E1F

    @given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=30))
    def test_of_a_column_are_those_of_its_values(self, values):
        expected = [NULL_KEY if v is None else key(v) for v in values]
        assert keys(pa.array(values, pa.string())).tolist() == expected
        assert keys(pa.array(values, pa.large_string())).tolist() == expected

    def test_no_name_has_the_key_of_null(self):
        assert NULL_KEY not in keys(pa.array([str(n) for n in range(10_000)])).tolist()

    def test_mixing_heeds_order_and_every_part(self):
        one, two = np.array([1, 2, 3]), np.array([3, 2, 1])
        assert mixed(one, two).tolist() != mixed(two, one).tolist()
        assert mixed(one, two)[0] != mixed(one, two + 1)[0]
        assert len({int(mixed(np.array([a]), np.array([b]))[0]) for a in range(100) for b in range(100)}) == 10_000


class TestRows:
    def test_all_columns_are_whole_numbers_and_none_is_null(self):
        found = made({}, {"prompt": None, "client": None, "ip": None, "ja4": None, "channel": None})
        assert found.rows.schema.equals(CANONICAL)
        assert all(found.rows[name].null_count == 0 for name in COLUMNS)

    def test_null_is_the_null_key(self):
        found = made({"prompt": None, "client": None, "ip": None, "conversation_id": None, "context_in": None})
        for name in ("text", "client", "address", "conversation", "context_in", "context_out", "fingerprint"):
            assert column(found, name) == [NULL_KEY]

    def test_times(self):
        on_the_hour = datetime(2026, 10, 5, 13, 0, 0, tzinfo=UTC)
        later = datetime(2026, 10, 5, 13, 0, 0, 1, tzinfo=UTC)
        found = made({"ts": on_the_hour}, {"ts": later})
        ts = column(found, "ts_us")
        hours = ts[0] // HOUR_US
        assert ts[1] == ts[0] + 1
        assert column(found, "look") == [hours, hours + 1]  # a look at 13:00 sees what arrived at 13:00
        assert column(found, "hour") == [13, 13]
        assert column(found, "day") == [ts[0] // DAY_US] * 2

    def test_a_fingerprint_needs_both_parts(self):
        both = {"client": "a", "ja4": "b"}
        found = made(both, both, {"client": "a"}, {"ja4": "b", "client": None}, {"client": "b", "ja4": "a"})
        marks = column(found, "fingerprint")
        assert marks[0] == marks[1] != marks[4]
        assert marks[2:4] == [NULL_KEY, NULL_KEY]
        names = {r["key"]: r["name"] for r in found.names.to_pylist() if r["kind"] == "fingerprint"}
        assert names == {marks[0]: "a / b", marks[4]: "b / a"}

    def test_setup_is_product_tools_streaming_endpoint_and_channel(self):
        same = made({"client": "sdk/1|linux"}, {"client": "SDK/2 windows"}, {"n_tools": 2}, {"n_tools": 5})
        a, b, c, d = column(same, "setup")
        assert a == b
        assert c == d != a
        others = made({}, {"stream": True}, {"endpoint": "batch"}, {"channel": "app"}, {"client": "other/1"})
        assert len(set(column(others, "setup"))) == 5

    def test_addresses_are_blocks_of_a_subscriber(self):
        found = made({"ip": "2001:db8::1"}, {"ip": "2001:db8::ffff"}, {"ip": "::ffff:192.0.2.7"}, {"ip": "192.0.2.7"})
        marks = column(found, "address")
        assert marks[0] == marks[1] == key("2001:db8::/64")
        assert marks[2] == marks[3] == key("192.0.2.7")

    def test_what_is_no_address_is_null_and_counted(self):
        found = made({"ip": "no address"}, {"ip": "192.0.2.7"})
        assert column(found, "address") == [NULL_KEY, key("192.0.2.7")]
        assert found.bad_addresses == 1

    def test_names_lead_back(self):
        found = made({"model": "m"}, {"model": "m", "account_id": "z"})
        names = {(r["kind"], r["name"]): r["key"] for r in found.names.to_pylist()}
        assert names["model", "m"] == key("m") == column(found, "model")[0]
        assert names["account", "z"] == column(found, "account")[1]

    def test_missing_columns_are_null_and_defaults(self):
        found = canonical(
            pa.table(
                {
                    "exchange_id": ["x"],
                    "ts": pa.array([0], pa.timestamp("us", "UTC")),
                    "account_id": ["a"],
                    "model": ["m"],
                    "endpoint": ["chat"],
                }
            )
        )
        assert (column(found, "turn"), column(found, "status"), column(found, "text")) == ([1], [200], [NULL_KEY])

    @pytest.mark.parametrize("cut", [1, 7, 30])
    def test_rows_do_not_depend_on_the_batch(self, cut):
        rows = [exchange(i, ip=f"192.0.2.{i % 5}", client=f"c{i % 3}/1", ja4=f"j{i % 2}") for i in range(40)]
        whole = pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA)
        parts = [canonical(whole.slice(i, cut)).rows for i in range(0, 40, cut)]
        assert pa.concat_tables(parts).equals(canonical(whole).rows)

    def test_dictionary_columns_are_the_same(self):
        rows = pa.Table.from_pylist(
            [exchange(i, ip=None if i == 2 else "192.0.2.9") for i in range(5)], EXCHANGE_SCHEMA
        )
        coded = rows
        for name in ("prompt", "client", "ip", "model", "account_id"):
            at = coded.column_names.index(name)
            coded = coded.set_column(at, name, rows[name].dictionary_encode())
        assert canonical(coded).rows.equals(canonical(rows).rows)

    def test_an_empty_batch(self):
        assert canonical(EXCHANGE_SCHEMA.empty_table()).rows.num_rows == 0


def test_products_have_no_version():
    assert [client_product(c) for c in ("Sdk/1.2|x", "tool 3", "a|b", "plain", "/1")] == [
        "sdk",
        "tool",
        "a",
        "plain",
        "",
    ]


def test_addresses():
    assert spelled(" 192.0.2.1 ") == "192.0.2.1"
    assert spelled("fe80::1%eth0") == "fe80::1"
    assert spelled("nothing") is None
    assert address_block("nothing") == "nothing"
    assert address_block("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.ip_addresses(v=6).map(lambda a: a.exploded),
        st.ip_addresses(v=4).map(lambda a: f"::ffff:{a}"),
        st.ip_addresses(v=4).map(lambda a: f" {a}"),
        st.text(alphabet="0123456789abcdef.:%/ \0", max_size=24),
    )
)
def test_the_fast_way_to_a_subscriber_is_the_slow_one(text):
    found = spelled(text)
    assert subscriber(text) == (None if found is None else address_block(found))
