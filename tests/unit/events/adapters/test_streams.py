"""Streams in every wrapping come out as the body that the API answers without streaming."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events.adapters.bodies import response_messages
from stillwatch.events.adapters.streams import CUT_OFF, NOT_JSON, ODD_FORM, StreamKind, assemble, stream_kind
from stillwatch.events.context import text_of


def chat(text="", finish=None, **more):
    return {
        "object": "chat.completion.chunk",
        "choices": [{"delta": {"content": text}, "finish_reason": finish}],
        **more,
    }


def said(stream):
    return text_of(response_messages(stream.body), joint="")


CHUNKS = [chat("One, "), chat("zwei, "), chat("три.", "stop")]
TEXTS = [json.dumps(chunk) for chunk in CHUNKS]
WRAPPINGS = {
    "list of objects": CHUNKS,
    "server-sent events": "".join(f"data: {text}\n\n" for text in TEXTS) + "data: [DONE]\n\n",
    "with carriage returns": "".join(f"data: {text}\r\n\r\n" for text in TEXTS),
    "without a space": "".join(f"data:{text}\n\n" for text in TEXTS),
    "comments, names and ids": ": hello\n\nretry: 3\n"
    + "".join(f"id: 1\nevent: m\ndata: {text}\n\n" for text in TEXTS),
    "without empty lines": "\n".join(f"data: {text}" for text in TEXTS),
    "data over several lines": "".join(f"data: {text[:1]}\ndata: {text[1:]}\n\n" for text in TEXTS),
    "list of events": [f"data: {text}\n\n" for text in TEXTS],
    "list of data lines": [f"data: {text}" for text in TEXTS],
    "list of JSON texts": [*TEXTS, "[DONE]"],
    "list of network pieces": [f"data: {TEXTS[0]}\n\nda", f"ta: {TEXTS[1]}\n", f"\ndata: {TEXTS[2]}\n\n"],
    "lines of JSON": "\n".join(TEXTS),
    "names and data": [{"event": "message", "data": text} for text in TEXTS],
    "names and objects": [{"event": "message", "data": chunk} for chunk in CHUNKS],
}


@pytest.mark.parametrize("stream", WRAPPINGS.values(), ids=WRAPPINGS)
def test_wrappings_do_not_matter(stream):
    found = assemble(stream)
    assert stream_kind(stream) is StreamKind.CHAT
    assert (said(found), found.losses, found.gap) == ("One, zwei, три.", (), False)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "Just an answer.",
        "data: nothing like JSON",
        "event: stop",
        {"choices": []},
        [],
        [{"role": "assistant", "content": "x"}],
        [{"object": "chat.completion", "choices": [{"message": {"content": "whole"}}]}],
        ["a", "b"],
        '{"a": 1',
    ],
)
def test_what_is_no_stream_is_none(value):
    assert stream_kind(value) is None
    assert assemble(value) is None


def test_an_answer_that_looks_like_a_line_of_data_stays_text():
    assert text_of(response_messages("data: is the new oil"), joint="") == "data: is the new oil"


@pytest.mark.parametrize(
    ("broken", "losses", "gap"),
    [
        ([CHUNKS[0], "nonsense", CHUNKS[2]], (NOT_JSON,), True),
        ([CHUNKS[0], ["nonsense"], CHUNKS[2]], (ODD_FORM,), True),
        ([CHUNKS[0], chat(7), CHUNKS[2]], (ODD_FORM,), True),
        ([CHUNKS[0], {"choices": "x"}, CHUNKS[2]], (ODD_FORM,), True),
        ([*CHUNKS[:2]], (CUT_OFF,), False),
        ([*CHUNKS[:2], '{"object": "chat.comp'], (CUT_OFF,), False),
        (f"data: {TEXTS[0]}\n\ndata: {TEXTS[2][:9]}", (CUT_OFF,), False),
        (f"data: {TEXTS[0]}\n\nproxy error page\n\ndata: {TEXTS[2]}\n\n", (NOT_JSON,), True),
    ],
)
def test_losses_are_named_and_cost_no_more_than_themselves(broken, losses, gap):
    found = assemble(broken)
    assert (found.losses, found.gap) == (losses, gap)
    assert said(found).startswith("One, ")


def test_calls_and_choices_are_put_together_by_their_index():
    def piece(index, call, **function):
        return {"choices": [{"index": index, "delta": {"tool_calls": [{"index": call, "function": function}]}}]}

    body = assemble(
        [
            piece(1, 0, name="b", arguments="{}"),
            piece(0, 1, name="second", arguments="[1"),
            piece(0, 0, name="first", arguments="{}"),
            piece(0, 1, arguments=", 2]"),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        ]
    ).body
    calls = body["choices"][0]["message"]["tool_calls"]
    assert [call["function"] for call in calls] == [
        {"name": "first", "arguments": "{}"},
        {"name": "second", "arguments": "[1, 2]"},
    ]
    assert [choice["index"] for choice in body["choices"]] == [0, 1]


def test_old_completions_stay_completions():
    chunks = [{"object": "text_completion", "choices": [{"index": 0, "text": text}]} for text in ("a", "b")]
    found = assemble([*chunks, "[DONE]"])
    assert (found.body["object"], said(found)) == ("text_completion", "ab")


def test_indices_from_hostile_chunks_take_no_room():
    found = assemble([{"choices": [{"index": 10**9, "delta": {"content": "x"}, "finish_reason": "stop"}]}])
    assert len(found.body["choices"]) == 1


@given(st.text(), st.data())
def test_any_division_of_a_text_adds_up_to_it(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    stream = "".join(f"data: {json.dumps(chat(piece))}\n\n" for piece in pieces)
    whole = assemble(stream + "data: [DONE]\n\n").body["choices"][0]["message"]["content"] or ""
    assert whole == text
