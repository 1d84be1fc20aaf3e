"""What to say of records that no adapter knows: the names that they do have, and the formats that come nearest.

Formats are compared by the names of their records' top level (and, for attributes, one level down), without regard
to case, dashes and underscores. A shared name is a hint, no proof; the command still asks for ``--format``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillwatch.events.model import EXCHANGES

SHOWN = 20
"""Names that a message lists."""
_LONGEST_NAME = 40

# The names by which a record of the format is best known; the adapters read more.
_PAIR = frozenset({"request", "response", "request_body", "response_body", "response_chunks", "custom_id"})
SIGNS: Mapping[str, frozenset[str]] = {
    "contract": frozenset(column.name for column in EXCHANGES),
    "otel": frozenset(
        {"resourceSpans", "resourceLogs", "scopeSpans", "scopeLogs", "otel_log", "spans", "logRecords", "attributes"}
        | {"traceId", "spanId", "parentSpanId", "startTimeUnixNano", "timeUnixNano", "eventName", "body", "kind"}
    ),
    "litellm": frozenset(
        {"standard_logging_object", "call_type", "startTime", "endTime", "model_group", "litellm_call_id", "api_key"}
        | {"prompt_tokens", "completion_tokens", "requester_ip_address", "end_user", "request_tags", "spend"}
    ),
    "openai": _PAIR | {"method", "url", "body", "choices", "messages", "created", "usage", "object"},
    "anthropic": _PAIR | {"result", "params", "messages", "content", "stop_reason", "usage"},
    "bedrock": frozenset(
        {"schemaType", "schemaVersion", "accountId", "modelId", "requestId", "operation", "input", "output"}
        | {"identity", "region", "inferenceRegion", "logEvents", "timestamp", "requestMetadata"}
    ),
    "langfuse": frozenset(
        {"traceId", "type", "startTime", "endTime", "completionStartTime", "modelParameters", "usageDetails"}
        | {"costDetails", "userId", "sessionId", "parentObservationId", "input", "output", "level", "data"}
    ),
    "envoy": frozenset(
        {"start_time", "response_code", "response_flags", "x-envoy-origin-path", "path", "method", "authority"}
        | {"downstream_remote_address", "user-agent", "x-request-id", "bytes_sent", "bytes_received", "duration"}
    ),
}


def nearest_formats(names: Iterable[str]) -> tuple[str, ...]:
    """The formats that share most names with a record, at most three, the nearest first; none where none shares any."""
    there = {_plain(name) for name in names}
    shared = {form: len(there & {_plain(sign) for sign in signs}) for form, signs in SIGNS.items()}
    most = max(shared.values())
    near = [form for form in sorted(shared, key=lambda form: -shared[form]) if shared[form] * 2 > most]
    return tuple(near[:3]) if most else ()


def shown(names: Iterable[str]) -> str:
    """Names for a message: quoted, cut, escaped, and not too many of them."""
    listed = sorted(set(names))
    cut = (name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..." for name in listed[:SHOWN])
    more = f" and {len(listed) - SHOWN:,} more" if len(listed) > SHOWN else ""
    return (", ".join(map(ascii, cut)) + more) or "none"


def names_in(records: Iterable[Mapping[str, object]]) -> set[str]:
    """The names of the records' top level."""
    return {str(name) for record in records for name in record}


def _plain(name: str) -> str:
    return name[:_LONGEST_NAME].lower().replace("_", "").replace("-", "")
