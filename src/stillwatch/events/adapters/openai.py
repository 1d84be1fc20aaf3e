"""OpenAI: chat completions and Responses as logged pairs of request and response, and batch lines.

A pair is an object with ``request`` and ``response`` (or ``request_body`` and ``response_body``) and whatever the
logger put beside them: time, account, headers, status. Batch *output* lines hold responses only; their requests
come from the input file (``--join``), by ``custom_id``.

Sources: openai 3.54 ``types/chat``, ``types/responses``, ``types/completion_usage``; the API reference's
BatchRequestInput and BatchRequestOutput.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stillwatch.events.adapters.bodies import (
    answer,
    checked_body,
    columns,
    error_status,
    read_conversation,
    read_parameters,
    read_usage,
)
from stillwatch.events.adapters.fields import Fields, is_one_of
from stillwatch.events.adapters.pairs import RESPONSES, account_of_pair, envelope, pair_id, pair_time
from stillwatch.events.adapters.protocol import AdapterContext, NotAnExchange, Outcome, Read, Record, attempt
from stillwatch.events.adapters.streams import StreamKind, stream_kind
from stillwatch.events.context import Dialogue, linked_context
from stillwatch.events.model import Exchange

_OBJECTS = frozenset({"chat.completion", "response", "text_completion", "chat.completion.chunk"})
_OTHERS = frozenset({"message", "error"})  # what Anthropic's responses call themselves
_STREAMS = frozenset({StreamKind.CHAT, StreamKind.RESPONSES})
_OTHER_URLS = ("/embeddings", "/moderations", "/images", "/audio", "/files", "/models")


class OpenAIAdapter:
    """Pairs and batch lines of the OpenAI API and of servers that speak it."""

    name = "openai"
    versions = ("chat completions", "responses", "completions", "batch")

    def sniff(self, record: Record) -> bool:
        """A pair whose response is an OpenAI object or an error to such a request, or a batch line."""
        if "custom_id" in record:
            return "response" in record or {"method", "url", "body"} <= record.keys()
        request, response = _bodies(record)
        if "call_type" in record or (isinstance(response, Mapping) and is_one_of(response.get("type"), _OTHERS)):
            return False
        if isinstance(response, Mapping) and is_one_of(response.get("object"), _OBJECTS):
            return True
        stream = None if isinstance(response, Mapping) else stream_kind(response)
        if stream is not None:
            return stream in _STREAMS
        return (
            isinstance(request, Mapping)
            and "model" in request
            and bool({"messages", "input", "prompt"} & request.keys())
        )

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a record."""
        if "custom_id" in record:
            return [attempt(lambda: _batch_line(record, context))]
        return [attempt(lambda: _pair(record, context))]


def _bodies(record: Record) -> tuple[object, object]:
    return (
        record.get("request", record.get("request_body")),
        next((record[name] for name in RESPONSES if name in record), None),
    )


def _pair(record: Record, context: AdapterContext) -> Read:
    row = Fields(record)
    url = row.text("url", "path", "route") or ""
    if any(part in url for part in _OTHER_URLS):
        return NotAnExchange("OpenAI call that is no text generation")
    request = checked_body(row, "request", "request_body") or {}
    answered = answer(row, *RESPONSES)
    if not request and not answered.body:
        raise row.fail("request", "missing")
    endpoint = _endpoint(url, request, answered.body)
    return answered.onto(_exchange(record, request, answered.body, context, endpoint=endpoint))


def _batch_line(record: Record, context: AdapterContext) -> Exchange | NotAnExchange:
    """An output line, completed by its request; an input line alone has no time and no answer."""
    row = Fields(record)
    custom_id = row.need("custom_id")
    if "response" not in record and "error" not in record:
        raise row.fail("created", "a batch input line has no time: ingest the output file and --join this one")
    answer = row.child("response")
    body = checked_body(answer, "body") or {}
    request: Mapping[str, object] = context.requests.get(custom_id, {})
    known: dict[str, object] = dict(record)
    known["id"] = row.ident("id") or answer.ident("request_id") or custom_id
    known["status_code"] = answer.integer("status_code", limit=999)
    if known["status_code"] is None and row.has("error"):
        known["status_code"] = error_status(record, 500)
    return _exchange(known, request, body, context, endpoint="batch")


def _exchange(record: Record, request: Record, response: Record, context: AdapterContext, *, endpoint: str) -> Exchange:
    row, asked, answered = Fields(record), Fields(request, "request."), Fields(response, "response.")
    parameters, usage, around = read_parameters(asked), read_usage(answered), envelope(row)
    status = row.integer("status_code", "status", "http_status", limit=999) if _numeric(row) else None
    model = asked.text("model") or answered.text("model") or row.text("model")
    if model is None and endpoint == "batch":
        model = "unknown"  # a failed line names none, and its request was not joined
    if model is None:
        raise asked.fail("model", "missing")
    return Exchange(
        exchange_id=pair_id(record, row, answered, context),
        ts=pair_time(row, answered, context),
        account_id=account_of_pair(record, row, asked, context),
        conversation_id=_conversation(row, asked),
        client=around.client,
        ip=around.ip,
        user_agent=around.user_agent,
        ja4=around.ja4,
        country=around.country,
        model=model,
        endpoint=endpoint,
        n_tools=parameters.n_tools or 0,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        stream=bool(parameters.stream),
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        channel="api",
        n_choices=parameters.n_choices,
        reasoning_tokens=usage.reasoning_tokens,
        logprobs=parameters.logprobs,
        status=status if status is not None else (error_status(response) or 200),
        **columns(_dialogue(asked, answered, context)),
    )


def _dialogue(asked: Fields, answered: Fields, context: AdapterContext) -> Dialogue:
    """The dialogue; where the server holds the conversation, it is named by the response's id.

    With ``previous_response_id`` the request carries only what is new. The state is then known by the id alone:
    such chains link to themselves from their second link on, not to conversations sent as text.
    """
    dialogue = read_conversation(asked.values, answered.values or None, context.hash_key)
    previous = asked.text("previous_response_id")
    if previous is None:
        return dialogue
    own = answered.text("id")
    return msgspec.structs.replace(
        dialogue,
        turn=dialogue.turn + 1,
        context_in=linked_context(previous, context.hash_key),
        context_out=linked_context(own, context.hash_key) if own else None,
    )


def _conversation(row: Fields, asked: Fields) -> str | None:
    name, value = asked.find("conversation")
    if isinstance(value, Mapping):
        return asked.child(name).ident("id")
    return asked.ident(name) or row.ident("conversation_id", "session_id", "thread_id")


def _numeric(row: Fields) -> bool:
    """Whether ``status`` is a number; loggers also write words such as ``success`` there."""
    value = row.raw("status_code", "status", "http_status")
    return not isinstance(value, str) or value.isdigit()


def _endpoint(url: str, request: Record, response: Record) -> str:
    if "responses" in url or response.get("object") == "response" or "input" in request:
        return "responses"
    if response.get("object") == "text_completion" or ("prompt" in request and "messages" not in request):
        return "completions"
    return "chat"
