"""One assembler for each kind of stream: it takes chunks in their order and yields the body they add up to.

Sources: those of :mod:`stillwatch.events.adapters.streams`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from stillwatch.events.adapters.fields import parsed

ANTHROPIC_EVENTS = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop"}
    | {"message_delta", "message_stop", "ping", "error"}
)
CONVERSE_EVENTS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)
INVOKE_TEXTS = ("generation", "outputText", "completion")
_INVOKE_TOKENS = {
    "prompt_token_count": "input_tokens",
    "inputTextTokenCount": "input_tokens",
    "generation_token_count": "output_tokens",
    "totalOutputTextTokenCount": "output_tokens",
}
_BEDROCK_ERRORS = {
    "internalServerException": "api_error",
    "modelStreamErrorException": "api_error",
    "modelTimeoutException": "timeout_error",
    "serviceUnavailableException": "overloaded_error",
    "throttlingException": "rate_limit_error",
    "validationException": "invalid_request_error",
}


class OddChunkError(Exception):
    """A chunk is not of the form that its kind has."""


class Assembler(Protocol):
    """Takes a stream's chunks one by one."""

    @property
    def ended(self) -> bool:
        """Whether the stream came to its end."""

    def take(self, chunk: Mapping[str, object]) -> None:
        """Take the next chunk.

        Raises:
            OddChunkError: It is not of the expected form.
        """

    def body(self) -> dict[str, object]:
        """What the chunks add up to, in the form of a response without streaming."""


class ChatAssembler:
    """Chunks of chat completions and of the old completions."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ended = False
        self._head: dict[str, object] = {}
        self._choices: dict[int, _Choice] = {}

    def take(self, chunk: Mapping[str, object]) -> None:
        """Append the deltas of a chunk."""
        for name in ("id", "object", "created", "model"):
            if chunk.get(name):
                self._head.setdefault(name, chunk[name])
        for name in ("usage", "error"):  # usage stands in the last chunk, or grows from chunk to chunk
            if isinstance(chunk.get(name), Mapping):
                self._head[name] = chunk[name]
        for choice in _list(chunk, "choices"):
            self.ended |= self._choices.setdefault(_index(choice), _Choice()).take(choice)

    def body(self) -> dict[str, object]:
        """A chat completion, or a completion of the old kind."""
        plain = self._head.get("object") == "text_completion"
        named = "text_completion" if plain else "chat.completion"
        choices = [{"index": at, **self._choices[at].body(plain=plain)} for at in sorted(self._choices)]
        return {**self._head, "object": named, "choices": choices}


class _Choice:
    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._finish: object = None

    def take(self, choice: Mapping[str, object]) -> bool:
        """Append one choice's delta; whether the choice is finished."""
        delta = _object(choice, "delta")
        self._text += [_text(delta, "content"), _text(choice, "text")]
        self._refusal.append(_text(delta, "refusal"))
        for call in _list(delta, "tool_calls"):
            self._calls.setdefault(_index(call), _Call()).take(_object(call, "function"))
        legacy = _object(delta, "function_call")
        if legacy:
            self._calls.setdefault(0, _Call()).take(legacy)
        self._finish = choice.get("finish_reason") or self._finish
        return self._finish is not None

    def body(self, *, plain: bool) -> dict[str, object]:
        text = "".join(self._text)
        if plain:
            return {"text": text, "finish_reason": self._finish}
        message: dict[str, object] = {"role": "assistant", "content": text or None}
        if refusal := "".join(self._refusal):
            message["refusal"] = refusal
        if self._calls:
            message["tool_calls"] = [self._calls[at].body() for at in sorted(self._calls)]
        return {"message": message, "finish_reason": self._finish}


class _Call:
    def __init__(self) -> None:
        self._name: list[str] = []
        self._arguments: list[str] = []

    def take(self, function: Mapping[str, object]) -> None:
        self._name.append(_text(function, "name"))
        self._arguments.append(_text(function, "arguments"))

    def body(self) -> dict[str, object]:
        function = {"name": "".join(self._name), "arguments": "".join(self._arguments)}
        return {"type": "function", "function": function}


class ResponsesAssembler:
    """Events of the Responses API. The last one holds the whole response; without it the items and deltas do."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ended = False
        self._response: dict[str, object] = {}
        self._items: dict[int, object] = {}
        self._deltas: dict[int, list[str]] = {}

    def take(self, chunk: Mapping[str, object]) -> None:
        """Take an event."""
        event = str(chunk.get("type"))
        if event == "error":
            self._response["error"] = {"type": chunk.get("code") or "server_error"}
            self.ended = True
        elif isinstance(chunk.get("response"), Mapping):
            self._response.update(_object(chunk, "response"))
            self.ended |= event in {"response.completed", "response.incomplete", "response.failed"}
        elif event == "response.output_item.done":
            self._items[_index(chunk, "output_index")] = _object(chunk, "item")
        elif event in {"response.output_text.delta", "response.refusal.delta"}:
            self._deltas.setdefault(_index(chunk, "output_index"), []).append(_text(chunk, "delta"))

    def body(self) -> dict[str, object]:
        """A response; its output as the last event has it, else from what came before."""
        if self.ended and self._response.get("output"):
            return {**self._response, "object": "response"}
        pieces: dict[int, object] = {
            at: {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "".join(texts)}]}
            for at, texts in self._deltas.items()
        }
        pieces |= self._items
        return {**self._response, "object": "response", "output": [pieces[at] for at in sorted(pieces)]}


class MessagesAssembler:
    """Events of Anthropic's messages, also inside Bedrock's InvokeModelWithResponseStream."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ended = False
        self._message: dict[str, object] = {}
        self._usage: dict[str, object] = {}
        self._blocks: dict[int, _Block] = {}
        self._error: Mapping[str, object] | None = None

    def take(self, chunk: Mapping[str, object]) -> None:
        """Take an event."""
        match chunk.get("type"):
            case "message_start":
                message = _object(chunk, "message")
                self._message.update(message)
                self._count(_object(message, "usage"))
            case "content_block_start":
                self._blocks[_index(chunk)] = _Block(_object(chunk, "content_block"))
            case "content_block_delta":
                self._blocks.setdefault(_index(chunk), _Block({})).take(_object(chunk, "delta"))
            case "message_delta":
                self._message.update({k: v for k, v in _object(chunk, "delta").items() if v is not None})
                self._count(_object(chunk, "usage"))
            case "message_stop":
                self.ended = True
                self._count(_metrics(chunk))
            case "error":
                self._error = _object(chunk, "error")
                self.ended = True

    def body(self) -> dict[str, object]:
        """A message; with ``error`` where the stream ended in one, an error alone where nothing came before."""
        if self._error is not None and not self._message and not self._blocks:
            return {"type": "error", "error": self._error}
        blocks = [self._blocks[at].body() for at in sorted(self._blocks)]
        whole = {"role": "assistant", **self._message, "type": "message", "content": blocks, "usage": self._usage}
        return whole if self._error is None else {**whole, "error": self._error}

    def _count(self, usage: Mapping[str, object]) -> None:
        """Usage is cumulative: later figures replace earlier ones, figures left out stay."""
        self._usage.update({name: value for name, value in usage.items() if value is not None})


class _Block:
    def __init__(self, start: Mapping[str, object]) -> None:
        self._start = dict(start)
        self._text: list[str] = [_text(start, "text")]
        self._json: list[str] = []

    def take(self, delta: Mapping[str, object]) -> None:
        self._text.append(_text(delta, "text"))
        self._json.append(_text(delta, "partial_json"))
        if "thinking" in delta:
            self._start.setdefault("type", "thinking")

    def body(self) -> dict[str, object]:
        if arguments := "".join(self._json):
            return {**self._start, "input": parsed(arguments)}
        text = "".join(self._text)
        return {"type": "text", **self._start, "text": text} if text or not self._start else self._start


class ConverseAssembler:
    """Events of Bedrock's ConverseStream."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ended = False
        self._blocks: dict[int, tuple[dict[str, object], list[str], list[str]]] = {}
        self._stop: object = None
        self._usage: Mapping[str, object] = {}
        self._error: dict[str, object] | None = None

    def take(self, chunk: Mapping[str, object]) -> None:
        """Take an event; each has one member that names its type."""
        start, delta = _object(chunk, "contentBlockStart"), _object(chunk, "contentBlockDelta")
        if start:
            self._block(start)[0].update(_object(_object(start, "start"), "toolUse"))
        if delta:
            _, texts, arguments = self._block(delta)
            piece = _object(delta, "delta")
            texts.append(_text(piece, "text"))
            arguments.append(_text(_object(piece, "toolUse"), "input"))
        if "messageStop" in chunk:
            self._stop, self.ended = _object(chunk, "messageStop").get("stopReason"), True
        self._usage = _object(_object(chunk, "metadata"), "usage") or self._usage
        for name, kind in _BEDROCK_ERRORS.items():
            if name in chunk:
                self._error, self.ended = {"type": kind}, True

    def body(self) -> dict[str, object]:
        """What Converse answers."""
        content: list[object] = []
        for _, (tool, texts, arguments) in sorted(self._blocks.items(), key=lambda pair: pair[0]):
            text = "".join(texts)
            if tool or any(arguments):
                content.append({"toolUse": {**tool, "input": parsed("".join(arguments))}})
            elif text:
                content.append({"text": text})
        message = {"role": "assistant", "content": content}
        whole: dict[str, object] = {"output": {"message": message}, "stopReason": self._stop, "usage": self._usage}
        return whole if self._error is None else {**whole, "error": self._error}

    def _block(self, event: Mapping[str, object]) -> tuple[dict[str, object], list[str], list[str]]:
        return self._blocks.setdefault(_index(event, "contentBlockIndex"), ({}, [], []))


class InvokeAssembler:
    """Text chunks of the other models behind InvokeModelWithResponseStream, each with its own name for the text."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ended = False
        self._text: list[str] = []
        self._usage: dict[str, object] = {}

    def take(self, chunk: Mapping[str, object]) -> None:
        """Take a chunk."""
        self._text += [_text(chunk, name) for name in INVOKE_TEXTS]
        for name, wanted in _INVOKE_TOKENS.items():
            if chunk.get(name) is not None:
                self._usage[wanted] = chunk[name]
        self._usage.update(_metrics(chunk))
        self.ended |= any(chunk.get(name) is not None for name in ("stop_reason", "completionReason"))

    def body(self) -> dict[str, object]:
        """The text and the tokens."""
        return {"generation": "".join(self._text), "usage": self._usage}


def _metrics(chunk: Mapping[str, object]) -> dict[str, object]:
    """Tokens as Bedrock adds them to the last chunk of any model's stream."""
    metrics = _object(chunk, "amazon-bedrock-invocationMetrics")
    found = {"input_tokens": metrics.get("inputTokenCount"), "output_tokens": metrics.get("outputTokenCount")}
    return {name: value for name, value in found.items() if value is not None}


def _object(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OddChunkError
    return value


def _list(holder: Mapping[str, object], name: str) -> Iterable[Mapping[str, object]]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise OddChunkError
    return value


def _text(holder: Mapping[str, object], name: str) -> str:
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise OddChunkError
    return value


def _index(holder: Mapping[str, object], name: str = "index") -> int:
    value = holder.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OddChunkError
    return value
