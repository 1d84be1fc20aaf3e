"""Envoy: JSON access logs, with the keys of Envoy's own operators or those of Envoy Gateway. Metadata only.

An access log holds no model and no text. What it does hold (address, TLS fingerprint, user agent, times, sizes,
status) carries the infrastructure signals. The account comes from a header that the operator logs: name it with
``--account-field``; a raw ``Authorization`` value is hashed at once.

The client's address is ``downstream_remote_address``, which Envoy derives from the trusted hops;
``x-forwarded-for`` counts only where that is missing.

Sources: Envoy "Access logging" and substitution formatter; Envoy Gateway ``internal/xds/translator/accesslog.go``
(EnvoyJSONLogFields); token counts and model as Envoy AI Gateway logs them from dynamic metadata.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from stillwatch.events.adapters.fields import Fields
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    NotAnExchange,
    Outcome,
    Record,
    account_of,
    attempt,
    client_of,
    made_id,
    moment_of,
)
from stillwatch.events.model import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = ("start_time", "START_TIME", "timestamp", "request_start_time", "time")
_PATHS = (
    "x-envoy-origin-path",
    "x_envoy_origin_path",
    "x-envoy-original-path",
    "path",
    "PATH",
    "REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)",
    "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
)
_STATUSES = ("response_code", "RESPONSE_CODE", "status")
_ACCOUNTS = (
    "account_id",
    "x-account-id",
    "x_account_id",
    "consumer",
    "x-consumer-id",
    "api_key_hash",
    "authorization_hash",
)
_MODELS = ("model", "gen_ai.request.model", "request_model", "x-ai-eg-model", "x_ai_eg_model", "original_model")
_ENDPOINTS = (
    ("/chat/completions", "chat"),
    ("/completions", "completions"),
    ("/responses", "responses"),
    ("/messages/batches", "batch"),
    ("/batches", "batch"),
    ("/messages", "messages"),
    ("/converse", "converse"),
    ("/invoke", "invoke"),
    (":generatecontent", "generate_content"),
    (":streamgeneratecontent", "generate_content"),
)


class EnvoyAdapter:
    """Access logs of an Envoy in front of a model API."""

    name = "envoy"
    versions = ("Envoy JSON format", "Envoy Gateway default JSON")

    def sniff(self, record: Record) -> bool:
        """A start time, a response code and one of the path's names."""
        return all(any(name in record for name in names) for names in (_TIMES, _STATUSES, _PATHS))

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a request to a model's path; other paths are no exchanges."""
        return [attempt(lambda: _exchange(record, context))]


def _exchange(record: Record, context: AdapterContext) -> Exchange | NotAnExchange:
    # Envoy writes "-" for what is not set.
    row = Fields({name: value for name, value in record.items() if value != "-"})
    path = row.text(*_PATHS)
    if path is None:
        raise row.fail("path", "missing")
    endpoint = _endpoint(path)
    method = row.text("method", ":method", "METHOD", "REQUEST_HEADER(:METHOD)", "REQ(:METHOD)")
    if endpoint is None or (method is not None and method.upper() != "POST"):
        return NotAnExchange("Envoy request to no model path")
    stream = row.flag("stream", "gen_ai.request.stream")
    return Exchange(
        exchange_id=row.ident(
            "x-request-id", "x_request_id", "request_id", "REQUEST_HEADER(X-REQUEST-ID)", "REQ(X-REQUEST-ID)"
        )
        or made_id(record, context.hash_key),
        ts=moment_of(row, context, *_TIMES),
        account_id=account_of(row.values, row, context, *_ACCOUNTS),
        conversation_id=row.ident("session_id", "x-session-id", "conversation_id"),
        client=client_of(_headers(row.values)),
        ip=_address(row),
        user_agent=row.text("user-agent", "user_agent", "USER_AGENT", "REQUEST_HEADER(USER-AGENT)", "REQ(USER-AGENT)"),
        ja4=row.text("ja4", "tls_ja4_fingerprint", "TLS_JA4_FINGERPRINT"),
        model=row.text(*_MODELS) or _model_in_path(path) or "unknown",
        endpoint=endpoint,
        n_tools=row.integer("tool_count", "n_tools") or 0,
        max_tokens=row.integer("max_output_tokens", "max_tokens"),
        stream=":streamgeneratecontent" in path.lower() or "-stream" in path.lower() if stream is None else stream,
        input_tokens=row.integer(
            "input_tokens", "gen_ai.usage.input_tokens", "llm_input_token", "estimated_input_tokens"
        )
        or 0,
        output_tokens=row.integer("output_tokens", "gen_ai.usage.output_tokens", "llm_output_token") or 0,
        channel="api",
        # Code 0: the client went away before an answer began; 499 is the usual name for that.
        status=row.integer(*_STATUSES, limit=999) or 499,
    )


def _address(row: Fields) -> str | None:
    return row.text(
        "downstream_remote_address_without_port",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "downstream_remote_address",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "x-forwarded-for",
        "x_forwarded_for",
        "forwarded_for",
        "REQUEST_HEADER(X-FORWARDED-FOR)",
        "REQ(X-FORWARDED-FOR)",
    )


def _headers(values: Mapping[str, object]) -> dict[str, object]:
    """Logged headers under their own names, dashes or underscores."""
    return {
        name.replace("_", "-"): value
        for name, value in values.items()
        if name.lower().startswith(("x-stainless", "x_stainless"))
    }


def _endpoint(path: str) -> str | None:
    route = path.partition("?")[0].rstrip("/").lower()
    for ending, endpoint in _ENDPOINTS:
        if route.endswith((ending, ending + "-stream", ending + "-with-response-stream")):
            return endpoint
    return None


def _model_in_path(path: str) -> str | None:
    """The model where the API names it in the path (Gemini, Bedrock, Azure deployments)."""
    steps = path.partition("?")[0].split("/")
    for before, step in itertools.pairwise(steps):
        if before in {"models", "model", "deployments"} and step:
            return step.partition(":generate")[0].partition(":stream")[0] or None
    return None
