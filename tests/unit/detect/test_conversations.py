"""Conversations: what an exchange goes on with, by contexts, conversation ids and turns."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.conversations import openings_of
from stillwatch.detect.log import Log
from stillwatch.testing.logs import EXCHANGE_SCHEMA, START, exchange


def opened(*changes):
    """The row that opened the conversation of each exchange; exchanges are of account a unless changed."""
    rows = [exchange(i, **{"account_id": "a"} | change) for i, change in enumerate(changes)]
    return openings_of(Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)).tolist()


def says(reads=None, leaves=None, **more):
    """An exchange that reads one context and leaves another."""
    return {"context_in": reads, "context_out": leaves, "turn": 1 if reads is None else 2, **more}


def test_no_exchange_is_no_conversation():
    assert opened() == []


def test_first_turns_open_conversations_of_their_own():
    assert opened({}, {}, {"account_id": "b"}) == [0, 1, 2]


class TestContexts:
    def test_a_conversation_is_followed_to_its_opening(self):
        assert opened(says(None, "h1"), says("h1", "h2"), says("h2", "h3"), says("h3")) == [0, 0, 0, 0]

    def test_a_conversation_may_be_handed_from_account_to_account(self):
        handed = opened(says(None, "h1"), says("h1", "h2", account_id="b"), says("h2", "h3", account_id="c"))
        assert handed == [0, 0, 0]

    def test_conversations_side_by_side_are_kept_apart(self):
        assert opened(says(None, "h1"), says(None, "k1"), says("h1"), says("k1"), says(None, "l1")) == [0, 1, 0, 1, 4]

    def test_a_conversation_may_branch(self):
        assert opened(says(None, "h1"), says("h1", "h2"), says("h1", "k2"), says("h2"), says("k2")) == [0] * 5

    def test_of_a_context_that_several_left_the_latest_earlier_one_counts(self):
        greeted = [says(None, "hi"), says(None, "hi", account_id="b")]
        assert opened(*greeted, says("hi"), says(None, "hi", account_id="c")) == [0, 1, 1, 3]

    def test_an_exchange_does_not_go_on_with_itself(self):
        assert opened(says("h1", "h1"), says("h1", "h1"), says("h1", "h1")) == [0, 0, 0]

    def test_a_context_that_nobody_left_says_nothing(self):
        assert opened(says(None, "h1"), says("other", turn=1)) == [0, 1]

    def test_the_context_counts_for_more_than_the_conversation_id(self):
        rows = [says(None, "h1", conversation_id="x"), says(None, "k1", conversation_id="y")]
        assert opened(*rows, says("h1", conversation_id="y")) == [0, 1, 0]


class TestConversationIds:
    def test_one_id_is_one_conversation_whatever_the_turn_says(self):
        assert opened(*({"conversation_id": "x", "turn": turn} for turn in (1, 2, 1, 7))) == [0] * 4

    def test_the_same_id_at_two_accounts_is_two_conversations(self):
        """Clients number their conversations from one."""
        rows = [{"conversation_id": "1", "account_id": name} for name in "abab"]
        assert opened(*rows) == [0, 1, 0, 1]

    def test_an_id_whose_first_exchange_was_handed_over_goes_back_to_the_opening(self):
        rows = [says(None, "h1"), says("h1", account_id="b", conversation_id="x")]
        assert opened(*rows, {"account_id": "b", "conversation_id": "x", "turn": 3}) == [0, 0, 0]

    def test_the_id_counts_for_more_than_the_turn(self):
        assert opened({}, {"conversation_id": "x", "turn": 2}, {}, {"conversation_id": "x", "turn": 3}) == [0, 1, 2, 1]


class TestTurns:
    def test_without_either_a_later_turn_goes_on_with_the_accounts_previous_exchange(self):
        rows = [{}, {"account_id": "b"}, {"turn": 2}, {"account_id": "b", "turn": 2}, {}, {"turn": 2}]
        assert opened(*rows) == [0, 1, 0, 1, 4, 4]

    def test_a_log_that_begins_in_the_middle_of_a_conversation_opens_with_it(self):
        assert opened({"turn": 5}, {"turn": 6}, {"turn": 3, "account_id": "b"}) == [0, 0, 2]


class TestClocks:
    @pytest.mark.parametrize("named", [None, "x"])
    def test_an_answer_before_its_question_goes_on_with_nothing(self, named):
        """The clock ran backwards, so the log has the second exchange first."""
        late = says("h1", "h2", conversation_id=named)
        assert opened(late, says(None, "h1", conversation_id=named))[0] == 0

    def test_with_an_id_both_are_still_one_conversation(self):
        rows = [says("h1", "h2", conversation_id="x"), says(None, "h1", conversation_id="x"), says("h2", "h3")]
        assert opened(*rows) == [0, 0, 0]

    def test_at_the_same_moment_the_order_of_ids_decides(self):
        rows = [says(None, "h1", ts=START), says("h1", "h2", ts=START), says("h2", ts=START)]
        assert opened(*rows) == [0, 0, 0]
        assert opened(*(row | {"ts": START + timedelta(days=1)} for row in reversed(rows))) == [0, 0, 2]


CONTEXT = st.none() | st.sampled_from("hk")
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("ab"),
            "conversation_id": st.none() | st.sampled_from("xy"),
            "context_in": CONTEXT,
            "context_out": CONTEXT,
            "turn": st.integers(0, 3),
        }
    ),
    max_size=12,
)


def one_by_one(rows):
    """The rule, read exchange by exchange."""
    out = []
    for at, row in enumerate(rows):
        earlier = list(enumerate(rows[:at]))
        left = [i for i, r in earlier if row["context_in"] and r["context_out"] == row["context_in"]]
        own = [i for i, r in earlier if r["account_id"] == row["account_id"]]
        named = [i for i in own if row["conversation_id"] and rows[i]["conversation_id"] == row["conversation_id"]]
        before = own[-1] if own and row["turn"] > 1 and row["conversation_id"] is None else at
        before = named[0] if named else before
        before = left[-1] if left else before
        out.append(at if before == at else out[before])
    return out


@given(ROWS)
def test_any_log_is_read_as_the_rule_says(rows):
    assert opened(*rows) == one_by_one(rows)


@given(ROWS, st.integers(0, 12))
def test_what_comes_later_changes_no_conversation(rows, until):
    assert opened(*rows[:until]) == opened(*rows)[:until]


@given(ROWS)
def test_an_opening_opens_itself_and_nothing_goes_on_with_what_is_later(rows):
    found = opened(*rows)
    assert all(found[o] == o <= at for at, o in enumerate(found))
