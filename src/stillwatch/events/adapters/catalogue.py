"""All adapters, in the order in which they are asked whether a record is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import UsageError
from stillwatch.events.adapters.anthropic import AnthropicAdapter
from stillwatch.events.adapters.bedrock import BedrockAdapter
from stillwatch.events.adapters.contract import ContractAdapter
from stillwatch.events.adapters.envoy import EnvoyAdapter
from stillwatch.events.adapters.langfuse import LangfuseAdapter
from stillwatch.events.adapters.litellm import LiteLLMAdapter
from stillwatch.events.adapters.openai import OpenAIAdapter
from stillwatch.events.adapters.otel import OpenTelemetryAdapter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.events.adapters.protocol import Adapter, Record

ADAPTERS: tuple[Adapter, ...] = (
    ContractAdapter(),
    OpenTelemetryAdapter(),
    LiteLLMAdapter(),
    BedrockAdapter(),
    LangfuseAdapter(),
    EnvoyAdapter(),
    AnthropicAdapter(),
    OpenAIAdapter(),
)

FORMATS: tuple[str, ...] = tuple(adapter.name for adapter in ADAPTERS)


def adapter_named(name: str) -> Adapter:
    """The adapter of that name.

    Raises:
        UsageError: There is none.
    """
    for adapter in ADAPTERS:
        if adapter.name == name:
            return adapter
    raise UsageError(f"expected a format, found {name!r}", hint=f"Formats: auto, {', '.join(FORMATS)}.")


def detect(records: Sequence[Record]) -> Adapter | None:
    """The adapter that knows the most of these records; the earlier one of equals; None when none knows any."""
    counts = [sum(adapter.sniff(record) for record in records) for adapter in ADAPTERS]
    best = max(counts, default=0)
    return ADAPTERS[counts.index(best)] if best else None
