"""Streamed responses put together: what a client saw piece by piece, as the one body that the API answers without streaming.

A logger that records a stream keeps its server-sent events, as text or as a list of chunks. Here they become one
body in the API's own form, so that everything after reads streams and whole responses alike: text, tool calls,
usage, identifiers, errors. A chunk that cannot be read costs itself, not the response; the loss is named. Event
types that are not known are passed over, as the APIs ask of their clients. Nothing here raises.

Sources: WHATWG HTML "Server-sent events"; openai 3.54 ``chat_completion_chunk``, ``response_stream_event``;
anthropic 2.12 ``raw_message_stream_event``; Amazon Bedrock ``ConverseStreamOutput`` and ``ResponseStream`` of
``InvokeModelWithResponseStream`` (``chunk.bytes``, ``amazon-bedrock-invocationMetrics``).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

import msgspec

from stillwatch.events.adapters.stream_parts import (
    ANTHROPIC_EVENTS,
    CONVERSE_EVENTS,
    INVOKE_TEXTS,
    Assembler,
    ChatAssembler,
    ConverseAssembler,
    InvokeAssembler,
    MessagesAssembler,
    OddChunkError,
    ResponsesAssembler,
)

NOT_JSON = "stream chunk is not JSON, left out"
ODD_FORM = "stream chunk of an unexpected form, left out"
CUT_OFF = "stream breaks off, read as far as it goes"

_DONE = "[DONE]"
_FIELDS = ("event:", "id:", "retry:", ":")
_LOOKED_AT = 20
_HEAD = 1 << 16


class StreamKind(StrEnum):
    """Whose stream it is."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"
    CONVERSE = "converse"
    INVOKE = "invoke"


class Assembled(NamedTuple):
    """A stream as one body, what was lost on the way, and whether a piece in its midst is missing."""

    body: Mapping[str, object]
    losses: tuple[str, ...]
    gap: bool


class _Broken(NamedTuple):
    """A chunk that is no JSON object."""

    reason: str


_Chunk = Mapping[str, object] | _Broken | None  # None: the end mark of OpenAI's streams

_ASSEMBLERS: dict[StreamKind, type[Assembler]] = {
    StreamKind.CHAT: ChatAssembler,
    StreamKind.RESPONSES: ResponsesAssembler,
    StreamKind.MESSAGES: MessagesAssembler,
    StreamKind.CONVERSE: ConverseAssembler,
    StreamKind.INVOKE: InvokeAssembler,
}


def stream_kind(value: object) -> StreamKind | None:
    """Whose stream a logged response is, told from its first chunks; None when it is no stream."""
    head = value[:_HEAD] if isinstance(value, str) else value
    chunks = _chunks(head, cut=isinstance(value, str) and len(value) > _HEAD)
    kinds = (_kind(chunk) for chunk in islice(chunks, _LOOKED_AT) if isinstance(chunk, Mapping))
    return next((kind for kind in kinds if kind is not None), None)


def assemble(value: object) -> Assembled | None:
    """One body from a logged stream; None when ``value`` is no stream that is known."""
    kind = stream_kind(value)
    if kind is None:
        return None
    parts = _ASSEMBLERS[kind]()
    lost: list[str] = []
    last_broken = False
    marked = False
    for chunk in _chunks(value, cut=False):
        last_broken = isinstance(chunk, _Broken)
        if chunk is None:
            marked = True
        elif isinstance(chunk, _Broken):
            lost.append(chunk.reason)
        else:
            try:
                parts.take(chunk)
            except OddChunkError:
                lost.append(ODD_FORM)
    ended = marked or parts.ended
    if last_broken and not ended:
        lost.pop()  # it was cut off with the stream, which is said once
    gap = bool(lost)
    if not ended:
        lost.append(CUT_OFF)
    return Assembled(parts.body(), tuple(lost), gap)


def _kind(chunk: Mapping[str, object]) -> StreamKind | None:
    event = chunk.get("type")
    if isinstance(event, str):
        if event.startswith("response.") or (event == "error" and not isinstance(chunk.get("error"), Mapping)):
            return StreamKind.RESPONSES
        if event in ANTHROPIC_EVENTS:
            return StreamKind.MESSAGES
    choices = chunk.get("choices")
    if isinstance(choices, list) and not any(isinstance(each, Mapping) and "message" in each for each in choices):
        return StreamKind.CHAT
    if any(isinstance(chunk.get(name), Mapping) for name in CONVERSE_EVENTS):
        return StreamKind.CONVERSE
    if "role" not in chunk and any(isinstance(chunk.get(name), str) for name in INVOKE_TEXTS):
        return StreamKind.INVOKE
    return None


def _chunks(value: object, *, cut: bool) -> Iterator[_Chunk]:
    """The chunks of a stream kept as text or as a list; ``cut`` drops the last line, which may be half of one."""
    if isinstance(value, str):
        lines = value.splitlines() if "\r" in value else value.split("\n")
        lines = lines[:-1] if cut else lines
        if _is_event_stream(lines):
            yield from _events(lines)
        elif value.lstrip().startswith("{") and len(lines) > 1:
            yield from (_decoded(line) for line in lines if line.strip())
    elif isinstance(value, list | tuple):
        if value and all(isinstance(item, str) for item in value):
            yield from _from_texts([str(item) for item in value])
        else:
            yield from (_unwrapped(item) for item in value)


def _from_texts(texts: list[str]) -> Iterator[_Chunk]:
    """Pieces of text: JSON each, one event each, or the stream cut wherever the network cut it."""
    if all(text.lstrip().startswith("{") or text.strip() == _DONE for text in texts):
        yield from map(_decoded, texts)
        return
    joined = ("" if any("\n" in text for text in texts) else "\n\n").join(texts)
    yield from _chunks(joined, cut=False)


def _is_event_stream(lines: list[str]) -> bool:
    """Whether the first line that is no comment or name of an event is data."""
    for line in lines[:200]:
        if line.startswith("data:"):
            return True
        if line.strip() and not line.startswith(_FIELDS):
            return False
    return False


def _events(lines: list[str]) -> Iterator[_Chunk]:
    data: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line.strip() and data:
            yield from _event(data)
            data = []
        elif line.strip() and not line.startswith(_FIELDS):
            yield _Broken(NOT_JSON)


def _event(data: list[str]) -> Iterator[_Chunk]:
    """One event's data. Loggers that drop the empty lines between events leave several in one."""
    whole = _decoded("\n".join(data))
    if isinstance(whole, _Broken) and len(data) > 1:
        yield from (_decoded(line) for line in data if line.strip())
    else:
        yield whole


def _decoded(text: str) -> _Chunk:
    if text.strip() == _DONE:
        return None
    try:
        return _unwrapped(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return _Broken(NOT_JSON)


def _unwrapped(item: object) -> _Chunk:
    """A chunk out of what clients and SDKs put around it: ``{event, data}``, or Bedrock's ``{chunk: {bytes}}``."""
    if isinstance(item, str):
        text = item.strip()
        return _decoded(text.removeprefix("data:")) if text else _Broken(NOT_JSON)
    if not isinstance(item, Mapping):
        return _Broken(ODD_FORM)
    inner = item.get("chunk")
    raw = (inner if isinstance(inner, Mapping) else item).get("bytes")
    if isinstance(raw, str):
        try:
            return _decoded(b64decode(raw, validate=True).decode("utf-8", "replace"))
        except (binascii.Error, ValueError):
            return _Broken(NOT_JSON)
    data = item.get("data")
    if isinstance(data, Mapping) and item.keys() <= {"event", "data", "id", "retry"}:
        return data
    if isinstance(data, str) and item.keys() <= {"event", "data", "id", "retry"}:
        return _decoded(data)
    return item
