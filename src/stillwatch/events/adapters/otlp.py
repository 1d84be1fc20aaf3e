"""OTLP/JSON taken apart: export requests, spans, log records, typed attribute values.

Source: OpenTelemetry Protocol 1.5, JSON Protobuf encoding; ``opentelemetry/proto/{trace,logs,common}/v1``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from stillwatch.events.adapters.fields import kind, parsed
from stillwatch.events.adapters.protocol import BadRecord, Record

_MAX_DEPTH = 60


class Item(NamedTuple):
    """One span or log record: its own values, its attributes decoded, its events, its identity."""

    values: Mapping[str, object]
    attributes: Mapping[str, object]
    events: tuple[tuple[str, Mapping[str, object]], ...]
    event_name: str
    identity: str | None
    failed: bool


def items_of(record: Record) -> Iterator[Item | BadRecord]:
    """All spans and log records of an export request, a single one, or one in an ``otel_log`` column."""
    column = record.get("otel_log")
    if column is not None:
        inner = parsed(column)
        if isinstance(inner, Mapping):
            yield from items_of(inner) if "otel_log" not in inner else ()
        else:
            yield BadRecord("otel_log", f"expected an object, found {kind(inner)}")
        return
    nested = [name for name in _OUTER if name in record]
    if not nested:
        yield _item(record, {})
    for outer in nested:
        for resource, path in _objects(record, outer, outer):
            if isinstance(resource, BadRecord):
                yield resource
                continue
            yield from _scopes(resource, path)


def _scopes(resource: Mapping[str, object], path: str) -> Iterator[Item | BadRecord]:
    described = resource.get("resource")
    shared = decoded_attributes(described.get("attributes")) if isinstance(described, Mapping) else {}
    for name in _SCOPES:
        for scope, inner in _objects(resource, name, f"{path}.{name}"):
            if isinstance(scope, BadRecord):
                yield scope
                continue
            for leaf in _LEAVES:
                for value, where in _objects(scope, leaf, f"{inner}.{leaf}"):
                    yield value if isinstance(value, BadRecord) else _item(value, shared, where)


def decoded_attributes(value: object) -> dict[str, object]:
    """Attributes as a plain object: from a list of ``{key, value}`` pairs, or an object as some exporters write."""
    if isinstance(value, Mapping):
        return {str(key): decoded_value(item, 0) for key, item in value.items()}
    attributes: dict[str, object] = {}
    if isinstance(value, list | tuple):
        for pair in value:
            if isinstance(pair, Mapping) and isinstance(pair.get("key"), str):
                attributes[str(pair["key"])] = decoded_value(pair.get("value"), 0)
    return attributes


def decoded_value(value: object, depth: int) -> object:
    """A typed value (``{"stringValue": ...}``) as plain JSON; anything else as it stands."""
    if not isinstance(value, Mapping) or len(value) != 1 or depth > _MAX_DEPTH:
        return value
    name, inner = next(iter(value.items()))
    name = str(name).replace("_v", "V")
    if name in {"stringValue", "boolValue", "doubleValue", "bytesValue"}:
        return inner
    if name == "intValue":
        digits = inner.removeprefix("-") if isinstance(inner, str) else ""
        return int(str(inner)) if digits.isascii() and digits.isdigit() and len(digits) < 20 else inner
    if name == "arrayValue" and isinstance(inner, Mapping):
        values = inner.get("values")
        return [decoded_value(item, depth + 1) for item in values] if isinstance(values, list | tuple) else []
    if name == "kvlistValue" and isinstance(inner, Mapping):
        values = inner.get("values")
        pairs = values if isinstance(values, list | tuple) else ()
        return {
            str(pair["key"]): decoded_value(pair.get("value"), depth + 1)
            for pair in pairs
            if isinstance(pair, Mapping) and "key" in pair
        }
    return value


def _item(values: Mapping[str, object], shared: Mapping[str, object], where: str = "") -> Item | BadRecord:
    attributes = values.get("attributes")
    if attributes is not None and not isinstance(attributes, list | tuple | Mapping):
        return BadRecord(f"{where}.attributes".lstrip("."), f"expected a list, found {kind(attributes)}")
    own = decoded_attributes(attributes)
    status = values.get("status")
    code = status.get("code", status.get("status_code")) if isinstance(status, Mapping) else status
    event_name = next((values[name] for name in ("eventName", "event_name") if isinstance(values.get(name), str)), "")
    event_name = event_name or own.get("event.name") or ""
    body = decoded_value(values.get("body"), 0)
    # Before attributes of events could be nested, the details stood in the body.
    from_body = {str(key): item for key, item in body.items()} if isinstance(body, Mapping) else {}
    return Item(
        values=values,
        attributes={**shared, **from_body, **own},
        events=tuple(_events(values.get("events"))),
        event_name=event_name if isinstance(event_name, str) else "",
        identity=_identity(values),
        failed=code in (2, "2", "STATUS_CODE_ERROR", "ERROR"),
    )


def _events(events: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for event in events if isinstance(events, list | tuple) else ():
        if isinstance(event, Mapping) and isinstance(event.get("name"), str):
            yield str(event["name"]), decoded_attributes(event.get("attributes"))


def _identity(values: Mapping[str, object]) -> str | None:
    context = values.get("context")
    source = context if isinstance(context, Mapping) else values
    trace, span = (
        next((source[name] for name in pair if isinstance(source.get(name), str) and source[name]), None)
        for pair in (("traceId", "trace_id"), ("spanId", "span_id"))
    )
    return f"{trace}-{span}" if trace and span else None


def _objects(
    holder: Mapping[str, object], name: str, path: str
) -> Iterator[tuple[Mapping[str, object] | BadRecord, str]]:
    values = holder.get(name)
    if values is None:
        return
    if not isinstance(values, list | tuple):
        yield BadRecord(path, f"expected a list, found {kind(values)}"), path
        return
    for value in values:
        yield (
            (value if isinstance(value, Mapping) else BadRecord(path, f"expected an object, found {kind(value)}")),
            path,
        )


_OUTER = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "scopeLogs", "scope_logs")
_LEAVES = ("spans", "logRecords", "log_records")
