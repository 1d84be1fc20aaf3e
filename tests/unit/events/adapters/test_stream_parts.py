"""Assemblers, one by one, where the recorded streams do not reach."""

from __future__ import annotations

import pytest

from stillwatch.events.adapters.stream_parts import (
    ChatAssembler,
    ConverseAssembler,
    InvokeAssembler,
    MessagesAssembler,
    OddChunkError,
    ResponsesAssembler,
)


def fed(assembler, *chunks):
    for chunk in chunks:
        assembler.take(chunk)
    return assembler


def test_usage_is_that_of_the_last_chunk_that_has_one():
    body = fed(
        ChatAssembler(), {"usage": {"prompt_tokens": 1}}, {"usage": {"prompt_tokens": 3}}, {"usage": None}
    ).body()
    assert body["usage"] == {"prompt_tokens": 3}


def test_a_function_call_of_the_old_kind_is_a_tool_call():
    pieces = ({"name": "f", "arguments": "{"}, {"arguments": "}"})
    made = fed(ChatAssembler(), *({"choices": [{"delta": {"function_call": piece}}]} for piece in pieces))
    assert made.body()["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_a_finished_response_counts_more_than_its_deltas():
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "whole"}]}
    made = fed(
        ResponsesAssembler(),
        {"type": "response.output_text.delta", "output_index": 0, "delta": "par"},
        {"type": "response.completed", "response": {"id": "r", "output": [item]}},
    )
    assert (made.body()["output"], made.ended) == ([item], True)


def test_a_finished_response_without_output_takes_the_deltas():
    made = fed(
        ResponsesAssembler(),
        {"type": "response.output_text.delta", "output_index": 0, "delta": "part"},
        {"type": "response.incomplete", "response": {"id": "r", "output": []}},
    )
    assert made.body()["output"][0]["content"][0]["text"] == "part"


def test_usage_of_messages_is_cumulative_and_keeps_what_is_left_out():
    made = fed(
        MessagesAssembler(),
        {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 5, "input_tokens": None}},
        {"type": "message_delta", "usage": {"output_tokens": 12}},
    )
    assert made.body()["usage"] == {"input_tokens": 9, "output_tokens": 12}
    assert not made.ended


def test_a_stream_whose_beginning_is_lost_still_has_its_text():
    delta = {"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "tail"}}
    body = fed(MessagesAssembler(), delta, {"type": "message_stop"}).body()
    assert (body["content"], body["type"]) == ([{"type": "text", "text": "tail"}], "message")


@pytest.mark.parametrize("name", ["throttlingException", "validationException", "modelStreamErrorException"])
def test_errors_end_a_stream_of_converse(name):
    made = fed(ConverseAssembler(), {name: {"message": "m"}})
    assert made.ended
    assert made.body()["error"]["type"]


def test_text_of_other_models_is_joined():
    body = fed(InvokeAssembler(), {"outputText": "a", "inputTextTokenCount": 4}, {"outputText": "b"}).body()
    assert body == {"generation": "ab", "usage": {"input_tokens": 4}}


@pytest.mark.parametrize(
    ("assembler", "chunk"),
    [
        (ChatAssembler, {"choices": [{"index": True}]}),
        (ChatAssembler, {"choices": [{"delta": {"tool_calls": [{"index": "0"}]}}]}),
        (ResponsesAssembler, {"type": "response.output_text.delta", "delta": []}),
        (MessagesAssembler, {"type": "content_block_start", "index": 0, "content_block": "x"}),
        (ConverseAssembler, {"contentBlockDelta": {"delta": 1}}),
        (InvokeAssembler, {"generation": 7}),
    ],
)
def test_odd_forms_are_told(assembler, chunk):
    with pytest.raises(OddChunkError):
        assembler().take(chunk)
