"""The log in memory: built from any contract table, numbered by appearance, accounts gathered into parties."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.log import COLUMNS, NONE, Codes, Log, combined
from stillwatch.events.model import EXCHANGES
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, exchange

MAY_BE_MISSING = [column.name for column in EXCHANGES if column.nullable]
REQUIRED = [column.name for column in EXCHANGES if not column.nullable]
STRINGS = ("account", "prompt", "system_prompt", "client", "user_agent", "ja4", "ip", "country", "model", "endpoint")


def table(rows, columns=None):
    full = pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA)
    return full if columns is None else full.select(columns)


def log_of(rows, accounts=None):
    return Log.build(table(rows), None if accounts is None else pa.Table.from_pylist(accounts, schema=ACCOUNT_SCHEMA))


def parties_of(*accounts):
    """Parties of accounts a0, a1, ... with these records, each with one exchange."""
    records = [{"account_id": f"a{i}", **record} for i, record in enumerate(accounts)]
    return log_of([exchange(i, account_id=f"a{i}") for i in range(len(accounts))], records).accounts.party.tolist()


def codes_of(value):
    return value.codes if isinstance(value, Codes) else value


class TestBuild:
    @pytest.mark.parametrize("rows", [0, 1, 5])
    @pytest.mark.parametrize("columns", [REQUIRED, None], ids=["required columns", "all columns"])
    def test_any_length_with_nothing_that_may_be_missing(self, rows, columns):
        empty = dict.fromkeys(MAY_BE_MISSING)
        log = Log.build(table([exchange(i, **empty) for i in range(rows)], columns), None)
        assert len(log) == rows
        assert log.parties == len(log.accounts) == min(rows, 3)
        assert log.party.tolist() == [i % 3 for i in range(rows)]
        assert not log.with_text
        for name in ("prompt", "client", "ip", "conversation", "ja4", "channel"):
            assert getattr(log, name).empty, name
        assert (log.context_in == NONE).all()
        assert (log.context_out == NONE).all()
        assert not log.accounts.recorded.any()
        assert not log.accounts.verified.any()
        assert np.isnan(log.accounts.created_us).all()

    def test_values_are_those_of_the_tables(self):
        rows = [
            exchange(i, context_in="c" if i else None, status=200 + i, n_tools=i, max_tokens=None) for i in range(4)
        ]
        log = log_of(rows, [{"account_id": "a1", "tier": "plus", "verified": True, "signup_ip": "192.0.2.9"}])
        for name in STRINGS:
            column = getattr(log, name, None)
            if isinstance(column, Codes):
                assert [column.text(c) for c in column.codes] == [row.get(name) for row in rows], name
        assert [log.accounts.ids[int(a)].as_py() for a in log.account] == [row["account_id"] for row in rows]
        assert log.ts.tolist() == [int(row["ts"].timestamp() * 1_000_000) for row in rows]
        assert log.status.tolist() == [200, 201, 202, 203]
        assert log.n_tools.tolist() == [0, 1, 2, 3]
        assert not set(COLUMNS) & {column.name for column in EXCHANGES if not column.nullable}
        assert log.with_text
        assert log.accounts.recorded.tolist() == [False, True, False]
        assert log.accounts.verified.tolist() == [False, True, False]
        assert [log.accounts.tier.text(c) for c in log.accounts.tier.codes] == [None, "plus", None]

    def test_dictionary_columns_say_the_same_as_plain_ones(self):
        plain = table([exchange(i, prompt=None if i == 2 else f"text {i % 3}") for i in range(7)])
        coded = plain
        for name in ("account_id", "prompt", "model"):
            column = plain[name].cast(pa.large_string()).combine_chunks().dictionary_encode()
            coded = coded.set_column(coded.column_names.index(name), name, column)
        a, b = Log.build(plain, None), Log.build(coded, None)
        for name in ("account", "prompt", "model"):
            assert codes_of(getattr(a, name)).tolist() == codes_of(getattr(b, name)).tolist()
        assert a.prompt.values.to_pylist() == b.prompt.values.to_pylist()

    def test_a_table_in_chunks_is_a_table(self):
        rows = [exchange(i, prompt=f"text {i % 2}") for i in range(6)]
        chunked = pa.concat_tables([table(rows[:2]), table(rows[2:3]), table(rows[3:])])
        assert Log.build(chunked, None).prompt.codes.tolist() == log_of(rows).prompt.codes.tolist()

    def test_upto_counts_what_arrived_at_or_before_a_time(self):
        log = log_of([exchange(0), exchange(1), exchange(1, exchange_id="y"), exchange(2)])
        assert [log.upto(int(ts)) for ts in (log.ts[0] - 1, log.ts[0], log.ts[1], log.ts[3] - 1, log.ts[3])] == [
            0,
            1,
            3,
            3,
            4,
        ]

    def test_account_records_that_never_appear_in_the_log_change_nothing(self):
        rows = [exchange(i) for i in range(3)]
        some = [{"account_id": "a1", "payment_fingerprint": "p"}]
        more = [{"account_id": f"z{i}", "payment_fingerprint": f"q{i}"} for i in range(5)]
        a, b = log_of(rows, some), log_of(rows, more + some)
        assert a.accounts.payment.codes.tolist() == b.accounts.payment.codes.tolist()
        assert a.accounts.payment.values.to_pylist() == b.accounts.payment.values.to_pylist() == ["p"]


class TestCodes:
    def test_a_missing_column_is_all_null(self):
        codes = Codes.of(None, 3)
        assert codes.codes.tolist() == [NONE] * 3
        assert codes.empty
        assert codes.text(NONE) is None
        assert len(codes) == 0

    @given(st.lists(st.sampled_from(["a", "b", "", "ü", None])))
    def test_are_numbered_by_appearance(self, values):
        codes = Codes.of(pa.array(values, pa.string()), len(values))
        known = [v for v in values if v is not None]
        assert codes.values.to_pylist() == list(dict.fromkeys(known))
        assert [codes.text(c) for c in codes.codes] == values
        assert codes.empty is (not known)

    @given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3), st.integers(-1, 3))))
    def test_combined_codes_are_equal_where_all_are(self, rows):
        columns = np.array(rows, np.int64).reshape(len(rows), 3)
        found = combined(columns[:, 0], columns[:, 1], columns[:, 2])
        for i, row in enumerate(rows):
            assert [row == other for other in rows] == (found == found[i]).tolist()


maybe = st.none() | st.sampled_from(["u", "v", "w"])
exchanges = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from([f"a{i}" for i in range(6)]),
            "prompt": maybe,
            "client": maybe,
            "ip": maybe,
            "context_in": maybe,
            "context_out": maybe,
            "conversation_id": maybe,
            "model": st.sampled_from(["m", "n"]),
            "status": st.sampled_from([200, 429]),
        }
    ),
    max_size=12,
)


class TestPrefix:
    @given(exchanges, st.integers(0, 12), st.lists(maybe, min_size=6, max_size=6))
    def test_of_the_log_is_a_prefix_of_every_array(self, drawn, cut, owners):
        rows = [exchange(i, **row) for i, row in enumerate(drawn)]
        records = [{"account_id": f"a{i}", "owner_id": owner, "tier": owner} for i, owner in enumerate(owners)]
        whole, part = log_of(rows, records), log_of(rows[:cut], records)
        size, accounts = len(part), len(part.accounts)
        for name in Log.__dataclass_fields__:
            if name in {"accounts", "context_out", "texts_from"}:
                continue
            assert codes_of(getattr(part, name)).tolist() == codes_of(getattr(whole, name))[:size].tolist(), name
        assert part.accounts.party.tolist() == whole.accounts.party[:accounts].tolist()
        assert part.accounts.tier.codes.tolist() == whole.accounts.tier.codes[:accounts].tolist()
        assert part.accounts.ids.to_pylist() == whole.accounts.ids.to_pylist()[:accounts]
        assert part.prompt.values.to_pylist() == whole.prompt.values.to_pylist()[: len(part.prompt)]

    @given(exchanges, st.integers(0, 12))
    def test_continues_the_same_conversations(self, drawn, cut):
        """Codes of contexts that nobody has gone on with yet may change later; what equals what does not."""
        rows = [exchange(i, **row) for i, row in enumerate(drawn)]
        whole, part = log_of(rows), log_of(rows[:cut])
        for side in (part.context_in, part.context_out):
            wide = (whole.context_in if side is part.context_in else whole.context_out)[: len(part)]
            same = side[:, None] == part.context_in[None]
            assert (same == (wide[:, None] == whole.context_in[None, : len(part)])).all()

    def test_an_account_that_comes_later_does_not_join_those_before_it(self):
        records = [
            {"account_id": "a0", "owner_id": "o"},
            {"account_id": "a1", "organisation_id": "f"},
            {"account_id": "a2", "owner_id": "o", "organisation_id": "f"},
        ]
        rows = [exchange(i, account_id=f"a{i}") for i in range(3)]
        whole, part = log_of(rows, records), log_of(rows[:2], records)
        assert part.accounts.party.tolist() == whole.accounts.party[:2].tolist()


class TestContexts:
    def test_both_columns_share_one_code_space(self):
        hashes = [(None, "h1"), ("h1", "h2"), ("h3", "h4"), ("h2", "h3"), (None, None)]
        log = log_of([exchange(i, context_in=a, context_out=b) for i, (a, b) in enumerate(hashes)])
        names = [a for a, _ in hashes] + [b for _, b in hashes]
        codes = np.r_[log.context_in, log.context_out]
        for i, name in enumerate(names):
            assert (codes[i] == NONE) == (name is None)
            assert [name == other for other in names] == (codes == codes[i]).tolist()

    @pytest.mark.parametrize("column", ["context_in", "context_out"])
    def test_one_of_them_may_be_missing(self, column):
        log = log_of([exchange(0, **{column: "h"}), exchange(1)])
        assert getattr(log, column).tolist() == [0, NONE]
        assert (getattr(log, "context_out" if column == "context_in" else "context_in") == NONE).all()


class TestParties:
    def test_strangers_are_parties_of_their_own(self):
        assert parties_of({}, {}, {}) == [0, 1, 2]

    @pytest.mark.parametrize("key", ["owner_id", "organisation_id"])
    def test_one_owner_or_organisation_on_record_is_one_party(self, key):
        assert parties_of({key: "o"}, {}, {key: "o"}, {key: "p"}) == [0, 1, 0, 2]

    def test_owner_and_organisation_join_in_a_chain(self):
        assert parties_of({"owner_id": "o"}, {"owner_id": "o", "organisation_id": "f"}, {"organisation_id": "f"}) == [
            0,
            0,
            0,
        ]

    def test_an_owner_is_not_an_organisation_of_the_same_name(self):
        assert parties_of({"owner_id": "x"}, {"organisation_id": "x"}) == [0, 1]

    def test_verified_accounts_with_one_domain_and_one_instrument_are_one_party(self):
        open_firm = {"email_domain": "firm.example", "payment_fingerprint": "card", "verified": True}
        assert parties_of(open_firm, open_firm) == [0, 0]

    @pytest.mark.parametrize(
        "change",
        [
            {"verified": False},
            {"verified": None},
            {"payment_fingerprint": "other"},
            {"payment_fingerprint": None},
            {"email_domain": "other.example"},
            {"email_domain": None},
        ],
        ids=str,
    )
    def test_nothing_less_makes_an_open_firm(self, change):
        open_firm = {"email_domain": "firm.example", "payment_fingerprint": "card", "verified": True}
        assert parties_of(open_firm, open_firm | change) == [0, 1]
        assert parties_of(open_firm | change, open_firm) == [0, 1]

    def test_two_who_lack_the_same_records_are_not_one(self):
        nothing = {"email_domain": None, "payment_fingerprint": None, "verified": True}
        assert parties_of(nothing, nothing) == [0, 1]
