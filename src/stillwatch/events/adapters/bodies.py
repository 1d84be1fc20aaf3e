"""Request and response bodies of the model APIs: what was asked, what was answered, how many tokens.

One reading serves chat completions, Responses, Anthropic messages, Bedrock Converse and InvokeModel, and Gemini:
bodies appear whole in gateways' and tracers' logs, and the APIs' field names do not clash.

Sources: openai 3.54 ``completion_usage``, ``response_usage``, ``chat_completion``, ``response``; anthropic 2.12
``usage``, ``message``; Amazon Bedrock ``Converse`` and the model bodies of ``InvokeModel``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from stillwatch.events.adapters.fields import Fields, Malformed, parsed
from stillwatch.events.adapters.messages import read_messages, read_system
from stillwatch.events.adapters.protocol import Mended, mended
from stillwatch.events.adapters.streams import assemble
from stillwatch.events.context import Dialogue, Message, PartKind, read_dialogue
from stillwatch.events.model import Exchange

_REDACTED = frozenset({"redacted-by-litellm", "<redacted>", "[redacted]", "redacted"})


class Usage(NamedTuple):
    """Tokens of one exchange; None where the body does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


class Answer(NamedTuple):
    """A response body; of a stream, what its chunks add up to, what was lost, and whether a piece is missing."""

    body: Mapping[str, object]
    streamed: bool = False
    losses: tuple[str, ...] = ()
    gap: bool = False

    def onto(self, exchange: Exchange) -> Exchange | Mended:
        """The exchange with what is known of its stream.

        Where a piece is missing, the hash of the conversation would be another than the client's: there is none.
        """
        if not self.streamed:
            return exchange
        context_out = None if self.gap else exchange.context_out
        return mended(msgspec.structs.replace(exchange, stream=True, context_out=context_out), self.losses)


class Parameters(NamedTuple):
    """Settings of one request, named as in the contract."""

    temperature: float | None = None
    max_tokens: int | None = None
    stream: bool | None = None
    n_choices: int | None = None
    logprobs: bool | None = None
    n_tools: int | None = None


def request_messages(body: Mapping[str, object]) -> list[Message]:
    """The conversation of a request, system prompt first."""
    system = read_system(body.get("system") or body.get("instructions") or body.get("systemInstruction"))
    for name in ("messages", "input", "contents", "prompt", "inputText"):
        value = body.get(name)
        if isinstance(value, str | list | tuple | Mapping) and value:
            return system + read_messages(value)
    return system


def response_messages(body: object) -> list[Message]:
    """The first choice of a response; empty when there is none (an error, or no text kept)."""
    body = parsed(body)
    if isinstance(body, str):
        return read_messages(body, "assistant")
    if isinstance(body, list | tuple):
        return _from_list(body)
    if not isinstance(body, Mapping):
        return []
    choices = body.get("choices") or body.get("candidates") or body.get("results")
    if isinstance(choices, list | tuple):
        return _from_choice(choices[0]) if choices else []
    output = body.get("output")
    if isinstance(output, Mapping):
        return read_messages(output.get("message"), "assistant")
    if isinstance(output, list | tuple):
        return read_messages(output, "assistant")
    if body.get("type") == "message" or body.get("role") == "assistant":
        return read_messages([body], "assistant")
    for name in ("generation", "outputText", "completion", "content"):
        if isinstance(body.get(name), str):
            return read_messages(body[name], "assistant")
    return []


def read_usage(body: Fields) -> Usage:
    """Tokens from a response body. Cache reads and writes count as input, also where the API reports them apart."""
    usage = body.child("usage", "usageMetadata")
    spent = usage.integer("prompt_tokens", "promptTokenCount")
    if spent is None:
        parts = [
            usage.integer("input_tokens", "inputTokens"),
            usage.integer("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
            usage.integer("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"),
        ]
        known = [part for part in parts if part is not None]
        spent = min(sum(known), 2**31 - 1) if known else None
    details = usage.child("completion_tokens_details", "output_tokens_details")
    return Usage(
        input_tokens=spent,
        output_tokens=usage.integer("completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount"),
        reasoning_tokens=details.integer("reasoning_tokens", "thinking_tokens") or usage.integer("thoughtsTokenCount"),
    )


def read_parameters(body: Fields) -> Parameters:
    """Settings from a request body, from its ``inferenceConfig`` (Converse) or ``generationConfig`` (Gemini)."""
    inner = body.child("inferenceConfig", "generationConfig", "textGenerationConfig")
    tools: Sequence[object] = body.items("tools", "functions") or body.child("toolConfig").items("tools")
    name, logprobs = body.find("logprobs")
    return Parameters(
        temperature=_first(body.number("temperature"), inner.number("temperature")),
        max_tokens=_first(
            body.integer(
                "max_completion_tokens", "max_tokens", "max_output_tokens", "max_tokens_to_sample", "max_gen_len"
            ),
            inner.integer("maxTokens", "maxOutputTokens", "maxTokenCount"),
        ),
        stream=body.flag("stream"),
        n_choices=_first(body.integer("n"), inner.integer("candidateCount")),
        # The old completions API gave a number of alternatives.
        logprobs=bool(logprobs) if isinstance(logprobs, int) else body.flag(name),
        n_tools=len(tools) if tools else None,
    )


def read_conversation(request: object, response: object, key: bytes) -> Dialogue:
    """Both sides of an exchange as a dialogue; empty where the log's writer redacted or kept no text."""
    asked = request_messages(request) if isinstance(request, Mapping) else read_messages(request)
    answered = response_messages(response)
    asked = [] if _redacted(asked) else asked
    answered = [] if _redacted(answered) else answered
    dialogue = read_dialogue(asked, answered, key)
    # A response after an unknown conversation must not look like the end of a known one.
    return dialogue if asked else msgspec.structs.replace(dialogue, context_out=None)


def columns(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue's contract columns, to spread into an exchange."""
    return msgspec.structs.asdict(dialogue)


def error_status(body: object, default: int | None = None) -> int | None:
    """The HTTP status that an error body implies, None when the body is no error."""
    if not isinstance(body, Mapping):
        return default
    error = body.get("error")
    if isinstance(error, Mapping):
        kind = next((error[name] for name in ("type", "code") if isinstance(error.get(name), str)), "")
        return _ERRORS.get(str(kind), default if default is not None else 500)
    return default


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _redacted(messages: Sequence[Message]) -> bool:
    texts = [part.value for message in messages for part in message.parts if part.kind is PartKind.TEXT]
    return bool(texts) and all(text.strip().lower() in _REDACTED for text in texts)


def _from_choice(choice: object) -> list[Message]:
    if not isinstance(choice, Mapping):
        return []
    message = choice.get("message", choice.get("content"))
    if isinstance(message, Mapping):
        return read_messages([message], "assistant")
    text = choice.get("text", choice.get("outputText", message))
    return read_messages(text, "assistant") if isinstance(text, str) else []


def _from_list(values: Sequence[object]) -> list[Message]:
    """The text of a logged stream, or a list of messages."""
    stream = assemble(values)
    if stream is not None:
        return response_messages(stream.body)
    return read_messages(values, "assistant") if any(map(_is_message, values)) else []


def _is_message(value: object) -> bool:
    """A message, also as OpenInference writes it; events of a stream have a type and wrap theirs."""
    if not isinstance(value, Mapping):
        return False
    wrapped = isinstance(value.get("message"), Mapping) and "type" not in value
    return wrapped or isinstance(value.get("role", value.get("message.role")), str)


def checked_body(record: Fields, *names: str) -> Mapping[str, object] | None:
    """A body given as an object or as JSON text; None when absent.

    Raises:
        Malformed: It is something else.
    """
    name, value = record.find(*names)
    body = parsed(value)
    if body is None or isinstance(body, Mapping):
        return body
    raise Malformed(record.prefix + name, "expected an object or JSON text of one")


def answer(record: Fields, *names: str) -> Answer:
    """A response given as an object, as JSON text, or as the chunks of a stream; an empty one when absent.

    Raises:
        Malformed: It is none of these.
    """
    name, value = record.find(*names)
    body = parsed(value)
    if body is None or isinstance(body, Mapping):
        return Answer(body or {})
    stream = assemble(body)
    if stream is None:
        raise Malformed(record.prefix + name, "expected an object, JSON text of one, or the chunks of a stream")
    losses = dict.fromkeys(f"{record.prefix}{name}: {loss}" for loss in stream.losses)
    return Answer(stream.body, streamed=True, losses=tuple(losses), gap=stream.gap)


_ERRORS = {
    "invalid_request_error": 400,
    "BadRequestError": 400,
    "authentication_error": 401,
    "AuthenticationError": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "NotFoundError": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "RateLimitError": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
