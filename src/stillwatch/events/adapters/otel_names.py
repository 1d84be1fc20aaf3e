"""Names of OpenTelemetry GenAI attributes over the years, as data.

The conventions moved three times in two years and other tracers have names of their own. Each contract value is
looked up under all its names, newest first; nothing depends on which version wrote the span.

Sources: open-telemetry/semantic-conventions ``docs/registry/attributes/gen-ai.md`` (up to 1.41, with its
deprecated names); open-telemetry/semantic-conventions-genai ``client-inference.md`` and ``migration.md``;
opentelemetry-semantic-conventions-ai 0.5 (OpenLLMetry); openinference-semantic-conventions 0.1.42.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

ALIAS_TABLE_VERSION = "2026-11"


class Alias(NamedTuple):
    """One name of a value, and the conventions that use it."""

    key: str
    conventions: str


VERSIONS: tuple[str, ...] = (
    "gen_ai current (semantic-conventions-genai)",
    "gen_ai 1.37 to 1.41",
    "gen_ai 1.27 to 1.36",
    "OpenLLMetry 0.1 to 0.5",
    "OpenInference 0.1",
)

_NOW = "gen_ai current"
_EVER = "gen_ai all"
_OLD = "gen_ai up to 1.26"
_BEFORE_37 = "gen_ai up to 1.36"
_LLMETRY = "OpenLLMetry"
_INFERENCE = "OpenInference"
_CORE = "OpenTelemetry core"

ALIASES: dict[str, tuple[Alias, ...]] = {
    "operation": (
        Alias("gen_ai.operation.name", _EVER),
        Alias("openinference.span.kind", _INFERENCE),
        Alias("llm.request.type", _LLMETRY),
    ),
    "provider": (
        Alias("gen_ai.provider.name", "gen_ai from 1.37"),
        Alias("gen_ai.system", _BEFORE_37),
        Alias("llm.provider", _INFERENCE),
        Alias("llm.system", _INFERENCE),
    ),
    "model": (
        Alias("gen_ai.request.model", _EVER),
        Alias("llm.request.model_name", _INFERENCE),
        Alias("llm.model_name", _INFERENCE),
        Alias("gen_ai.response.model", _EVER),
        Alias("llm.response.model_name", _INFERENCE),
    ),
    "response_id": (Alias("gen_ai.response.id", _EVER),),
    "conversation_id": (
        Alias("gen_ai.conversation.id", "gen_ai from 1.34"),
        Alias("session.id", _CORE),
        Alias("gen_ai.openai.thread.id", _LLMETRY),
    ),
    "account": (
        Alias("enduser.id", _CORE),
        Alias("user.id", _CORE),
        Alias("user.hash", _CORE),
        Alias("enduser.pseudo.id", _CORE),
        Alias("gen_ai.user", _LLMETRY),
        Alias("llm.user", _LLMETRY),
    ),
    "ip": (
        Alias("client.address", _CORE),
        Alias("source.address", _CORE),
        Alias("network.peer.address", _CORE),
        Alias("net.peer.ip", "OpenTelemetry core up to 1.20"),
        Alias("http.client_ip", "OpenTelemetry core up to 1.20"),
    ),
    "user_agent": (
        Alias("user_agent.original", _CORE),
        Alias("http.user_agent", "OpenTelemetry core up to 1.18"),
    ),
    "ja4": (Alias("tls.client.ja4", "not in the conventions; written by some gateways"),),
    "country": (Alias("geo.country.iso_code", _CORE),),
    "temperature": (Alias("gen_ai.request.temperature", _EVER),),
    "max_tokens": (
        Alias("gen_ai.request.max_tokens", _EVER),
        Alias("gen_ai.request.max_completion_tokens", _LLMETRY),
    ),
    "stream": (
        Alias("gen_ai.request.stream", _NOW),
        Alias("gen_ai.is_streaming", _LLMETRY),
        Alias("llm.is_streaming", _LLMETRY),
    ),
    "n_choices": (
        Alias("gen_ai.request.choice.count", "gen_ai from 1.31"),
        Alias("gen_ai.request.n", _LLMETRY),
    ),
    "input_tokens": (
        Alias("gen_ai.usage.input_tokens", "gen_ai from 1.27"),
        Alias("gen_ai.usage.prompt_tokens", _OLD),
        Alias("llm.token_count.prompt", _INFERENCE),
        Alias("llm.usage.prompt_tokens", _LLMETRY),
    ),
    "output_tokens": (
        Alias("gen_ai.usage.output_tokens", "gen_ai from 1.27"),
        Alias("gen_ai.usage.completion_tokens", _OLD),
        Alias("llm.token_count.completion", _INFERENCE),
        Alias("llm.usage.completion_tokens", _LLMETRY),
    ),
    "reasoning_tokens": (
        Alias("gen_ai.usage.reasoning.output_tokens", _NOW),
        Alias("gen_ai.usage.reasoning_tokens", _LLMETRY),
        Alias("llm.token_count.completion_details.reasoning", _INFERENCE),
    ),
    "previous_response": (Alias("gen_ai.request.previous_response.id", _NOW),),
    "system": (Alias("gen_ai.system_instructions", "gen_ai from 1.37"),),
    "input_messages": (
        Alias("gen_ai.input.messages", "gen_ai from 1.37"),
        Alias("llm.input_messages", _INFERENCE),
        Alias("gen_ai.prompt", _BEFORE_37),
        Alias("llm.prompts", _INFERENCE),
    ),
    "output_messages": (
        Alias("gen_ai.output.messages", "gen_ai from 1.37"),
        Alias("llm.output_messages", _INFERENCE),
        Alias("gen_ai.completion", _BEFORE_37),
    ),
    "tools": (
        Alias("gen_ai.tool.definitions", "gen_ai from 1.38"),
        Alias("llm.tools", _INFERENCE),
        Alias("llm.request.functions", _LLMETRY),
    ),
    "parameters": (Alias("llm.invocation_parameters", _INFERENCE),),
    "api": (Alias("openai.api.type", _NOW),),
    "http_status": (
        Alias("http.response.status_code", _CORE),
        Alias("http.status_code", "OpenTelemetry core up to 1.20"),
    ),
    "error": (Alias("error.type", _CORE),),
}

LISTS: tuple[str, ...] = (
    "gen_ai.prompt",
    "gen_ai.completion",
    "llm.input_messages",
    "llm.output_messages",
    "llm.tools",
    "llm.request.functions",
)
"""Attributes that some tracers spread over numbered keys (``gen_ai.prompt.0.content``)."""

CONTENT_EVENTS: tuple[str, ...] = (
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
)
"""Span events whose attributes belong to the span's request."""

CHOICE_EVENT = "gen_ai.choice"
MESSAGE_EVENTS: dict[str, str] = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    CHOICE_EVENT: "assistant",
}
"""Events of one message each (1.28 to 1.36), with the role that the name stands for."""

DETAILS_EVENT = "gen_ai.client.inference.operation.details"


@cache
def names(value: str) -> tuple[str, ...]:
    """All names of a contract value, newest first."""
    return tuple(alias.key for alias in ALIASES[value])
