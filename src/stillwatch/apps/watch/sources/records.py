"""Records of any known log format as rows: what streams and files of foreign formats share.

A record that cannot be used is set aside by itself; a tool span or health check is no exchange and is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import pyarrow as pa

from stillwatch.apps.watch.batch import ROWS, in_order, shaped
from stillwatch.events.adapters.catalogue import adapter_named, detect
from stillwatch.events.adapters.otel import OpenTelemetryAdapter, span_parts
from stillwatch.events.adapters.protocol import (
    Adapter,
    AdapterContext,
    BadRecord,
    Mended,
    NotAnExchange,
    Record,
    SpanEvent,
)
from stillwatch.events.finish import finish
from stillwatch.events.model import Exchange
from stillwatch.events.raw_records import RawRecord, decode
from stillwatch.events.rejects import Ledger, Rejects

UNKNOWN_FORMAT = "no known format"
DUPLICATE = "duplicate"
MOST_EVENTS = 1_000
"""Events of one span within a batch; one with more is no request's."""


class Read(NamedTuple):
    """Rows, records read, and what was set aside."""

    table: pa.Table
    seen: int
    rejects: Rejects


@dataclass
class Records:
    """Gathers records into one batch."""

    adapter: Adapter | None
    context: AdapterContext
    metadata_only: bool = False
    seen: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    not_exchanges: Counter[str] = field(default_factory=Counter)
    _rows: list[Exchange] = field(default_factory=list)
    _last: Adapter | None = None

    def __len__(self) -> int:
        """Rows gathered."""
        return len(self._rows)

    def add_bytes(self, data: bytes, origin: str, row: int) -> int:
        """A message: a JSON object, or one on each line. Returns how many records were set aside."""
        text = data.removeprefix(b"\xef\xbb\xbf").strip()
        whole = decode(text, row)
        if whole.value is not None:
            return self.add([whole], origin)
        lines = [line for line in text.split(b"\n") if line.strip()]
        if len(lines) < 2:
            return self.add([whole], origin)
        return self.add([decode(line, row) for line in lines], origin)

    def add(self, records: Sequence[RawRecord], origin: str) -> int:
        """Records that came together. Returns how many were set aside."""
        values = [record.value for record in records if record.value is not None]
        adapter = self.adapter or self._told(values)
        context = self.context
        if isinstance(adapter, OpenTelemetryAdapter):
            context = msgspec.structs.replace(context, span_events=_together(values))
        aside = 0
        for record in records:
            if record.value is None:
                self._reject(origin, record.row, BadRecord(field="", reason=record.problem))
                aside += 1
            elif adapter is None:
                self._reject(origin, record.row, BadRecord(field="", reason=UNKNOWN_FORMAT))
                aside += 1
            else:
                aside += self._convert(record.value, adapter, context, origin, record.row)
        return aside

    def _told(self, values: Sequence[Record]) -> Adapter | None:
        """The format of these records; the last one's is asked first, since a stream seldom changes."""
        if self._last is None or not values or not all(self._last.sniff(value) for value in values):
            self._last = detect(values)
        return self._last

    def _convert(self, value: Record, adapter: Adapter, context: AdapterContext, origin: str, row: int) -> int:
        aside = 0
        for outcome in adapter.convert(value, context):
            match outcome:
                case Exchange():
                    self._take(outcome)
                case Mended():
                    self._take(outcome.exchange)
                case NotAnExchange():
                    self.not_exchanges[outcome.reason] += 1
                case BadRecord():
                    self._reject(origin, row, outcome)
                    aside += 1
        return aside

    def _take(self, exchange: Exchange) -> None:
        self.seen += 1
        self._rows.append(finish(exchange, pseudonymiser=None, keep_text=not self.metadata_only).exchange)

    def _reject(self, origin: str, row: int, bad: BadRecord) -> None:
        self.seen += 1
        self.ledger.reject(origin, bad.field, bad.reason, rows=1, first=[row])

    def read(self, origin: str) -> Read:
        """End the batch."""
        table = shaped(pa.table({name: _column(self._rows, name) for name in ROWS.names}))
        kept = in_order(table)
        if lost := table.num_rows - kept.num_rows:
            self.ledger.reject(origin, "exchange_id", DUPLICATE, rows=lost, first=[])
        return Read(kept, self.seen, self.ledger.close())


def _column(rows: Sequence[Exchange], name: str) -> pa.Array:
    kind = ROWS.field(name).type
    plain = pa.large_string() if pa.types.is_dictionary(kind) else kind
    return pa.array([getattr(row, name) for row in rows], plain)


class _Together:
    """Events of the spans of one delivery."""

    def __init__(self, calls: frozenset[str], events: Mapping[str, list[SpanEvent]]) -> None:
        self._calls = calls
        self._events = events

    def of(self, span: str) -> tuple[SpanEvent, ...] | None:
        found = self._events.get(span, [])
        return None if len(found) > MOST_EVENTS else tuple(sorted(found, key=lambda event: event.time))

    def is_call(self, span: str) -> bool:
        return span in self._calls


def _together(values: Iterable[Record]) -> _Together:
    calls: set[str] = set()
    events: dict[str, list[SpanEvent]] = {}
    for span, event in _parts(values):
        if event is None:
            calls.add(span)
        else:
            events.setdefault(span, []).append(event)
    return _Together(frozenset(calls), events)


def _parts(values: Iterable[Record]) -> Iterator[tuple[str, SpanEvent | None]]:
    for value in values:
        yield from span_parts(value)


def chosen(name: str) -> Adapter | None:
    """The adapter of ``--format``; None for ``auto``."""
    return None if name == "auto" else adapter_named(name)
