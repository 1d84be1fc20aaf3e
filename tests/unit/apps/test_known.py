"""Labels and indicators: what is read, what is passed over, and that a wrong or hostile file is refused with its reason."""

from __future__ import annotations

import json
from contextlib import suppress

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.apps.known import read_known, read_labels
from stillwatch.detect.log import Log
from stillwatch.errors import ConfigurationError
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, exchange

ADDRESSES = {
    "a": "192.0.2.7",
    "b": "192.0.2.200",
    "c": "2001:db8::7",
    "d": "::ffff:198.51.100.9",
    "e": "no address",
    "f": None,
}


@pytest.fixture(scope="module")
def log():
    """Six accounts, each with an address, a card, a domain and a client of its own."""
    rows = [exchange(i, account_id=n, ip=ip, client=f"sdk/{n}") for i, (n, ip) in enumerate(ADDRESSES.items())]
    records = [
        {"account_id": name, "payment_fingerprint": f"card_{name}", "email_domain": f"{name}.example"}
        for name in ADDRESSES
    ]
    return Log.build(
        pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), pa.Table.from_pylist(records, schema=ACCOUNT_SCHEMA)
    )


@pytest.fixture
def file(tmp_path):
    """Write a file: text, bytes, or a value as JSON."""

    def write(content, name="known.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def lines(*rows):
    return "\n".join(json.dumps(row) for row in rows)


def indicator(pattern, **changes):
    return {"type": "indicator", "created_by_ref": "identity--b", "pattern": pattern, **changes}


def bundle(*objects):
    return {"type": "bundle", "id": "bundle--1", "objects": list(objects)}


class TestForms:
    ROWS = (
        {"account_id": "a", "label": "legitimate", "by": "x", "date": "d"},
        {"account_id": "b", "label": "malicious"},
    )

    @pytest.mark.parametrize(
        "text",
        [
            lines(*ROWS),
            lines(*ROWS).replace("\n", "\r\n\r\n") + "\r\n",
            json.dumps(ROWS),
            json.dumps(ROWS, indent=2),
            "﻿" + lines(*ROWS),
            "account_id,label,by,date\na,legitimate,x,d\nb,malicious,,\n",
            '﻿date,by,label,account_id\r\nd,x,legitimate,a\r\n,,malicious,"b"\r\n',
        ],
        ids=["lines", "blank lines", "list", "indented list", "with a mark", "csv", "csv in another order"],
    )
    def test_say_the_same(self, file, text):
        labels = read_labels(file(text))
        assert labels.legitimate == {"a": "cleared by x (d)"}
        assert labels.malicious == {"b": "called malicious by an analyst (no date)"}

    @pytest.mark.parametrize("text", ["", "\n", "[]", "account_id,label\n", json.dumps(bundle())])
    def test_an_empty_file_says_nothing(self, file, log, text):
        assert read_labels(file(text)).legitimate == {}
        assert read_known(file(text), log) == {}

    @pytest.mark.parametrize("count", [1, 2])
    def test_rows_that_speak_of_a_bundle_are_rows(self, file, log, count):
        rows = [{"kind": "account", "value": name, "type": "x", "source": "bundle"} for name in "ab"]
        assert sorted(read_known(file(lines(*rows[:count])), log)) == list("ab")[:count]


class TestIndicators:
    @pytest.mark.parametrize(
        ("kind", "value", "accounts"),
        [
            ("account", "a", "a"),
            ("payment", "card_b", "b"),
            ("mail domain", "c.example", "c"),
            ("client", "sdk/d", "d"),
            ("address", "192.0.2.7", "a"),
            ("address", " 192.0.2.7 ", "a"),
            ("address", "192.0.2.0/25", "a"),
            ("address", "192.0.2.99/24", "ab"),
            ("address", "0.0.0.0/0", "abd"),
            ("address", "2001:DB8:0:0::7", "c"),
            ("address", "2001:db8::/48", "c"),
            ("address", "198.51.100.9", "d"),
            ("address", "::ffff:198.51.100.9", "d"),
            ("address", "::ffff:192.0.2.7", "a"),
            ("address", "203.0.113.1", ""),
            ("payment", "card_", ""),
            ("client", "SDK/d", ""),
            ("account", "nobody", ""),
        ],
    )
    def test_match_what_they_name_and_nothing_beside(self, file, log, kind, value, accounts):
        assert "".join(sorted(read_known(file([{"kind": kind, "value": value}]), log))) == accounts

    def test_say_who_reported_them(self, file, log):
        rows = [{"kind": "account", "value": "a", "source": "case 17"}, {"kind": "account", "value": "b"}]
        assert read_known(file(rows), log) == {
            "a": "account a (reported by case 17)",
            "b": "account b (reported by unknown)",
        }

    def test_the_first_of_several_is_named(self, file, log):
        rows = [{"kind": k, "value": v} for k, v in (("payment", "card_a"), ("address", "192.0.2.7"))]
        assert read_known(file(rows), log)["a"].startswith("payment card_a")

    def test_an_empty_log_matches_nothing(self, file):
        nothing = Log.build(pa.Table.from_pylist([], schema=EXCHANGE_SCHEMA), None)
        rows = [{"kind": k, "value": "192.0.2.7"} for k in ("address", "payment", "client", "mail domain", "account")]
        assert read_known(file(rows), nothing) == {}


class TestStix:
    @pytest.mark.parametrize(
        ("pattern", "accounts"),
        [
            ("[ipv4-addr:value = '192.0.2.7']", "a"),
            ("[ipv4-addr:value='192.0.2.7']", "a"),
            ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "ab"),
            ("[ipv6-addr:value = '2001:db8::7'] OR [ipv4-addr:value = '192.0.2.7']", "ac"),
            ("[(ipv4-addr:value = '192.0.2.7' OR ipv4-addr:value = '192.0.2.200')]", "ab"),
            ("[ipv4-addr:value != '192.0.2.7']", ""),
            ("[NOT ipv4-addr:value = '192.0.2.7']", ""),
            ("[ipv4-addr:value = '192.0.2.7' AND ipv4-addr:value = '192.0.2.200']", ""),
            ("[ipv4-addr:value = '192.0.2.7'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.200']", ""),
            ("[ipv4-addr:value = '192.0.2.7' OR domain-name:value = 'x.example']", ""),
            ("[x-ipv4-addr:value = '192.0.2.7']", ""),
            ("[domain-name:value = 'a.example']", ""),
            ("", ""),
        ],
    )
    def test_only_alternatives_of_addresses_are_read(self, file, log, pattern, accounts):
        found = read_known(file(bundle(indicator(pattern))), log)
        assert "".join(sorted(found)) == accounts
        assert all("identity--b" in words for words in found.values())

    @pytest.mark.parametrize(
        ("change", "counts"),
        [
            ({}, True),
            ({"revoked": False}, True),
            ({"revoked": True}, False),
            ({"type": "malware"}, False),
            ({"valid_until": "2026-10-04T23:59:59Z"}, False),
            ({"valid_until": "2026-10-05T00:00:01Z"}, True),
            ({"valid_until": "2026-10-04"}, True),
            ({"valid_until": "whenever"}, True),
            ({"valid_until": 7}, True),
            ({"pattern": None}, False),
            ({"pattern": ["[ipv4-addr:value = '192.0.2.7']"]}, False),
        ],
    )
    def test_revoked_and_lapsed_indicators_are_passed_over(self, file, log, change, counts):
        """The log begins with 2026-10-05; a limit that cannot be read is none."""
        item = indicator("[ipv4-addr:value = '192.0.2.7']") | change
        assert bool(read_known(file(bundle(item)), log)) is counts

    def test_objects_that_are_none_do_not_hide_the_others(self, file, log):
        good = indicator("[ipv4-addr:value = '192.0.2.7']")
        assert list(read_known(file(bundle(None, 7, "x", [good], {}, {"type": ["indicator"]}, good)), log)) == ["a"]

    @pytest.mark.parametrize("objects", [None, {}, "x", 7])
    def test_a_bundle_without_objects_says_nothing(self, file, log, objects):
        assert read_known(file({"type": "bundle", "objects": objects}), log) == {}

    def test_an_address_that_is_none_is_named_with_its_place(self, file, log):
        path = file(bundle({"type": "identity"}, indicator("[ipv4-addr:value = '192.0.2.777']")))
        with pytest.raises(ConfigurationError, match=r"known\.json, row 2: expected an address.*192\.0\.2\.777"):
            read_known(path, log)

    def test_the_marks_of_a_pattern_cost_no_time(self, file, log):
        assert read_known(file(bundle(indicator("[(" * 50_000 + " OR" * 50_000 + "x"))), log) == {}


class TestRefused:
    """A wrong file stops the run with file, row and field, and a hint."""

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (
                lines({"kind": "account", "value": "a"}, {"kind": "planet", "value": "x"}),
                r"row 2: expected one of.*planet",
            ),
            (lines({"kind": "account", "value": "a"}, {"kind": "account"}), r"row 2: expected a text in 'value'.*None"),
            (lines({"kind": "account", "value": 7}), r"row 1: expected a text in 'value'.*7"),
            (lines({"kind": "account", "value": ""}), r"row 1: expected a text in 'value'"),
            (lines({"kind": ["account"], "value": "a"}), r"row 1: expected a text in 'kind'"),
            (lines({"kind": "address", "value": "10"}), r"row 1: expected an address"),
            (lines({"kind": "address", "value": "192.0.2.7/33"}), r"row 1: expected an address"),
            (lines({"kind": "address", "value": "192.0.2.7\n"})[:-3], r"row 1: no valid JSON"),
            ('{"kind": "account", "value": "a"}\n\n{"kind": ', r"row 3: no valid JSON"),
            ('{"kind": "account", "value": "a"}\n[1]', r"row 2: no valid JSON"),
            ('[{"kind": "account", "value": "a"}, 7]', r"no valid JSON"),
            ('["' + "[" * 9, r"no valid JSON"),
            ("[" * 200_000, r"no valid JSON"),
            ('{"a":' * 200_000, r"row 1: no valid JSON"),
            ('{"kind": "account", "value": "\\ud800"}', r"row 1: no valid JSON"),
            ('{"type": "bundle", "objects": [', r"no valid JSON"),
            ("kind,value\naccount\n", r"row 1: expected a text in 'value'.*None"),
            ("art,wert\naccount,a\n", r"row 1: expected a text in 'kind'"),
            ("kind,value\naccount," + "x" * 200_000, r"no valid CSV"),
            (b"\xff\xfe\x00", r"cannot read known\.json"),
            (b'{"kind": "account", "value": "\xe9"}', r"cannot read known\.json"),
        ],
    )
    def test_wrong_indicators(self, file, log, content, reason):
        with pytest.raises(ConfigurationError, match=reason) as caught:
            read_known(file(content), log)
        assert "known.json" in str(caught.value)
        assert caught.value.hint

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ({"account_id": "a", "label": "innocent"}, "'innocent' is neither"),
            ({"account_id": "a", "label": "Legitimate"}, "'Legitimate' is neither"),
            ({"account_id": "a"}, "expected a text in 'label'"),
            ({"label": "legitimate"}, "expected a text in 'account_id'"),
            ({"account_id": None, "label": "legitimate"}, "expected a text in 'account_id'"),
        ],
    )
    def test_wrong_labels(self, file, row, reason):
        good = {"account_id": "a", "label": "legitimate"}
        with pytest.raises(ConfigurationError, match=rf"known\.json, row 2: .*{reason}"):
            read_labels(file([good, row]))

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(ConfigurationError, match=r"cannot read missing\.json"):
            read_labels(tmp_path / "missing.json")
        with pytest.raises(ConfigurationError, match="cannot read"):
            read_labels(tmp_path)

    def test_a_hostile_value_is_quoted_without_its_controls(self, file):
        with pytest.raises(ConfigurationError) as caught:
            read_labels(file([{"account_id": "a", "label": "\x1b[31m\u202eevil"}]))
        assert "\x1b" not in str(caught.value)
        assert "\u202e" not in str(caught.value)

    @given(
        st.binary(max_size=60)
        | st.text(max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass"))
        | st.tuples(
            st.sampled_from([b"{", b"[", b'{"type": "bundle", "objects": [', b"account_id,label\n", b"kind,value\n"]),
            st.text(alphabet='{}[]",:\\ \r\nkindvaluetyp0\0\x1b', max_size=40).map(str.encode),
        ).map(b"".join)
    )
    def test_any_bytes_are_read_or_refused(self, tmp_path_factory, log, raw):
        """No other error comes out."""
        path = tmp_path_factory.getbasetemp() / "any.json"
        path.write_bytes(raw)
        for read in (read_labels, lambda p: read_known(p, log)):
            with suppress(ConfigurationError):
                read(path)
