"""Conversations as keyed hashes: what links, what does not, and what a client may change without breaking the link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events.adapters.messages import read_messages
from stillwatch.events.context import Message, Part, PartKind, linked_context, read_dialogue

KEY = b"k" * 32


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def dialogue(messages, response=(), key=KEY):
    return read_dialogue(read_messages(list(messages)), read_messages(list(response), "assistant"), key)


def test_first_turn_has_no_context_before_it():
    found = dialogue([user("a")], [assistant("b")])
    assert found.context_in is None
    assert found.context_out is not None
    assert found.turn == 1


def test_next_turn_goes_on_where_the_first_ended():
    first = dialogue([user("a")], [assistant("b")])
    second = dialogue([user("a"), assistant("b"), user("c")], [assistant("d")])
    third = dialogue([user("a"), assistant("b"), user("c"), assistant("d"), user("e")])
    assert second.context_in == first.context_out
    assert third.context_in == second.context_out
    assert (second.turn, third.turn) == (2, 3)
    assert third.context_out is None


words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).filter(lambda text: text.strip())


@given(st.lists(st.tuples(words, words), min_size=1, max_size=5), words)
def test_every_continuation_links_and_only_that(pairs, last):
    before = [message for asked, answered in pairs for message in (user(asked), assistant(answered))]
    ended = dialogue(before[:-1], before[-1:])
    going_on = dialogue([*before, user(last)])
    assert going_on.context_in == ended.context_out
    changed = dialogue([*before[:-1], assistant(pairs[-1][1] + "x"), user(last)])
    assert changed.context_in != ended.context_out


@pytest.mark.parametrize(
    "echo",
    [
        [user("a"), {"role": "assistant", "content": [{"type": "text", "text": "Bon jour"}]}],
        [user("a"), {"role": "assistant", "content": "Bon jour \n"}],
        [user("a\r\n"), {"role": "assistant", "parts": [{"type": "text", "content": "Bon jour"}]}],
        [{"role": "system", "content": "new prompt"}, user("a"), assistant("Bon jour")],
        [{"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": [{"text": "Bon jour"}]}],
        [
            user("a"),
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Bon jour"}],
            },
        ],
        [user("a"), assistant("Bon "), assistant("jour")],
    ],
    ids=["parts", "white space", "line ends", "system prompt", "converse blocks", "reasoning", "split message"],
)
def test_what_clients_change_does_not_break_the_link(echo):
    ended = dialogue([user("a")], [assistant("Bon jour")])
    assert dialogue([*echo, user("c")]).context_in == ended.context_out


def test_composed_and_decomposed_unicode_are_one():
    assert dialogue([user("e\u0301"), user("b")]) is not None
    composed = dialogue([user("\u00e9"), assistant("x"), user("c")])
    decomposed = dialogue([user("e\u0301"), assistant("x"), user("c")])
    assert composed.context_in == decomposed.context_in


def test_tool_calls_link_over_apis_and_renewed_ids():
    openai = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"b":1,"a":2}'}}],
    }
    anthropic = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "z9", "name": "f", "input": {"a": 2, "b": 1}}],
    }
    ended = dialogue([user("a"), openai, {"role": "tool", "tool_call_id": "c1", "content": "7"}], [assistant("seven")])
    result = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "z9", "content": [{"type": "text", "text": "7"}]}],
    }
    going_on = dialogue([user("a"), anthropic, result, assistant("seven"), user("and?")])
    assert going_on.context_in == ended.context_out
    assert going_on.turn == 2
    other = dialogue(
        [user("a"), anthropic | {"content": [{"type": "tool_use", "name": "g", "input": {}}]}, user("and?")]
    )
    assert other.context_in != ended.context_out


def test_within_a_tool_loop_the_turn_stays():
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ok"}]}
    found = dialogue([user("a"), call, result])
    assert found.turn == 1
    assert found.context_in is None
    assert found.prompt == "a"


def test_neighbouring_user_messages_are_one_turn():
    found = dialogue([user("context"), user("question")])
    assert found.turn == 1
    assert found.prompt == "context\n\nquestion"


def test_prefilled_answer_is_part_of_the_response():
    ended = dialogue([user("a"), assistant("The answer is")], [assistant(" 4")])
    assert dialogue([user("a"), assistant("The answer is 4"), user("why?")]).context_in == ended.context_out


def test_keys_separate_hashes():
    assert (
        dialogue([user("a")], [assistant("b")]).context_out
        != dialogue([user("a")], [assistant("b")], b"l" * 32).context_out
    )


def test_roles_are_part_of_the_hash():
    one = dialogue([user("a"), assistant("b"), user("c")])
    two = dialogue([assistant("a"), user("b"), assistant("x"), user("c")])
    assert one.context_in != two.context_in


def test_answer_of_tool_calls_only_is_empty_text_and_no_answer_is_null():
    call = Message("assistant", (Part(PartKind.TOOL_CALL, "f"),))
    assert read_dialogue([], [call], KEY).response == ""
    assert read_dialogue([], [], KEY).response is None


def test_images_of_the_last_user_turn_are_counted():
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    found = dialogue(
        [{"role": "user", "content": [image]}, assistant("b"), {"role": "user", "content": [image, image]}]
    )
    assert found.n_images == 2
    assert found.prompt is None


def test_server_state_is_named_by_its_id_and_key():
    assert linked_context("resp_1", KEY) == linked_context("resp_1", KEY)
    assert len({linked_context("resp_1", KEY), linked_context("resp_2", KEY), linked_context("resp_1", b"l" * 32)}) == 3
