"""LiteLLM: the StandardLoggingPayload of its callbacks, and rows of the table LiteLLM_SpendLogs.

Sources: litellm 1.109 ``types/utils.py`` (StandardLoggingPayload, StandardLoggingMetadata,
StandardLoggingPayloadErrorInformation), ``proxy/schema.prisma`` (LiteLLM_SpendLogs), ``proxy/_types.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stillwatch.events.adapters.bodies import columns, read_conversation, read_parameters, read_usage
from stillwatch.events.adapters.fields import Fields, dig, parsed
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    NotAnExchange,
    Outcome,
    Record,
    account_of,
    attempt,
    client_of,
    header,
    moment_of,
)
from stillwatch.events.model import Exchange

if TYPE_CHECKING:
    from stillwatch.events.context import Dialogue

_PAYLOAD_SIGNS = frozenset(
    {"model_map_information", "hidden_params", "litellm_call_id", "status_fields", "model_parameters"}
)
# Calls by what the gateway names them; the asynchronous names carry an "a" in front.
_ENDPOINTS = {
    "completion": "chat",
    "text_completion": "completions",
    "responses": "responses",
    "anthropic_messages": "messages",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "create_batch": "batch",
    "retrieve_batch": "batch",
    "pass_through_endpoint": "pass-through",
    "llm_passthrough_route": "pass-through",
}


class LiteLLMAdapter:
    """Records of a LiteLLM proxy."""

    name = "litellm"
    versions = ("StandardLoggingPayload 1.109", "LiteLLM_SpendLogs 1.109")

    def sniff(self, record: Record) -> bool:
        """A payload, a payload in its callback's arguments, or a row of the spend table."""
        if isinstance(record.get("standard_logging_object"), Mapping):
            return True
        if "call_type" not in record or "startTime" not in record:
            return False
        return any(name in record for name in _PAYLOAD_SIGNS) or ("request_id" in record and "api_key" in record)

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a record."""
        inner = record.get("standard_logging_object")
        payload: Record = inner if isinstance(inner, Mapping) else record
        return [attempt(lambda: _exchange(payload, context))]


def _exchange(record: Record, context: AdapterContext) -> Exchange | NotAnExchange:
    row = Fields(record)
    call = row.text("call_type") or "completion"
    endpoint = _ENDPOINTS.get(call) or _ENDPOINTS.get(call.removeprefix("a"))
    if endpoint is None:
        return NotAnExchange("LiteLLM call that is no text generation")
    metadata = row.json_child("metadata")
    request = _request(row)
    parameters = read_parameters(row.json_child("model_parameters") if row.has("model_parameters") else Fields(request))
    dialogue = _dialogue(row, request, context.hash_key)
    response = parsed(row.raw("response"))
    usage = read_usage(Fields(response, "response.")) if isinstance(response, Mapping) else read_usage(Fields({}))
    headers = metadata.child("requester_custom_headers").values
    stream = row.flag("stream")
    return Exchange(
        exchange_id=row.need("id", "request_id", "litellm_call_id"),
        ts=moment_of(row, context, "startTime"),
        account_id=_account(record, row, metadata, context),
        conversation_id=row.ident("session_id"),
        client=client_of(headers),
        ip=row.text("requester_ip_address") or metadata.text("requester_ip_address"),
        user_agent=row.text("user_agent") or metadata.text("user_agent") or header(headers, "user-agent"),
        model=row.need("model_group", "model"),
        endpoint=endpoint,
        n_tools=parameters.n_tools or 0,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        stream=bool(parameters.stream if stream is None else stream),
        input_tokens=row.integer("prompt_tokens") or 0,
        output_tokens=row.integer("completion_tokens") or 0,
        channel="api",
        n_choices=parameters.n_choices,
        reasoning_tokens=usage.reasoning_tokens,
        logprobs=parameters.logprobs,
        status=_status(row, metadata),
        **columns(dialogue),
    )


def _account(record: Record, row: Fields, metadata: Fields, context: AdapterContext) -> str:
    """The key's hash: what the proxy bills. Behind it stands the user, team or end user, in this order."""
    if not any(dig(record, path) is not None for path in context.account_fields):
        found = metadata.ident("user_api_key_hash", "user_api_key") or row.ident("api_key")
        found = found or metadata.ident("user_api_key_user_id", "user_api_key_team_id", "user_api_key_org_id")
        if found is not None:
            return account_of({}, Fields({"account": found}), context, "account")
    return account_of(record, row, context, "user", "end_user")


def _request(row: Fields) -> Mapping[str, object]:
    """The request: the payload's ``messages``, or in spend logs the proxied request body."""
    body = parsed(row.raw("proxy_server_request"))
    if isinstance(body, Mapping):
        inner = body.get("body")
        return inner if isinstance(inner, Mapping) else body
    return {}


def _dialogue(row: Fields, request: Mapping[str, object], key: bytes) -> Dialogue:
    asked = parsed(row.raw("messages")) or request
    response = row.raw("response")
    return read_conversation(asked, None if _empty(response) else response, key)


def _empty(response: object) -> bool:
    return response in ({}, "{}", [], "[]")


def _status(row: Fields, metadata: Fields) -> int:
    """200, or the error's code; 500 for a failure that names none."""
    if (row.text("status") or metadata.text("status")) != "failure":
        return 200
    for error in (row.child("error_information"), metadata.child("error_information")):
        code = error.text("error_code") if isinstance(error.raw("error_code"), str) else error.raw("error_code")
        if isinstance(code, int | str) and str(code).isdigit() and 100 <= int(code) <= 999:
            return int(code)
    return 500
