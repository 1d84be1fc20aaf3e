"""The first of two passes over an OpenTelemetry log whose messages stand apart from their spans.

A log without such events costs one search through its text and no second pass. What an earlier run has read counts
too where it held events, so that a log that comes day by day joins across midnight; a span that was written before
its events came stays as it is.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from stillwatch.events.adapters.catalogue import detect
from stillwatch.events.adapters.otel import JOINED, ORPHANED, OpenTelemetryAdapter, span_parts
from stillwatch.events.adapters.otel_names import DETAILS_EVENT, MESSAGE_EVENTS
from stillwatch.events.raw_records import SourceBroken, read_file
from stillwatch.events.sources import mentions
from stillwatch.events.span_store import SpanStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from stillwatch.events.adapters.protocol import Adapter
    from stillwatch.events.landing import FileDone
    from stillwatch.events.raw_records import RawRecord, Told

SNIFFED = 50
"""Records of a file that are looked at to tell its format."""

_WORDS = re.compile(b"|".join(re.escape(name.encode()) for name in (*MESSAGE_EVENTS, DETAILS_EVENT)))


def format_of(records: Iterator[RawRecord]) -> Adapter | None:
    """The format of a file, from its first records; a break after some of them does not matter here."""
    values = []
    try:
        values += [record.value for record in islice(records, SNIFFED) if record.value is not None]
    except SourceBroken:
        return None
    return detect(values)


def held_events(done: FileDone) -> bool:
    """Whether a file that an earlier run read had events of spans."""
    return bool({JOINED, ORPHANED} & done.not_exchanges.keys())


def gather(
    new: Sequence[Path], earlier: Iterable[Path], adapter: Adapter | None, out: Path, told: Told
) -> SpanStore | None:
    """Take the events out of the OpenTelemetry files among ``new``, and out of ``earlier``.

    Returns:
        The store, which the caller closes; None where there is nothing to join.

    Raises:
        OutputError: The store cannot be written.
    """
    files = [path for path in new if isinstance(adapter or format_of(read_file(path)), OpenTelemetryAdapter)]
    files += earlier if files else ()
    if not any(mentions(path, _WORDS) for path in files):
        return None
    store = SpanStore(out)
    try:
        for number, record in enumerate(_records(files, told)):
            for span, event in span_parts(record.value or {}):
                store.add(span, event, number)
        store.settle()
    except BaseException:
        store.close()
        raise
    return store


def _records(files: Iterable[Path], told: Told) -> Iterator[RawRecord]:
    for path in files:
        try:
            yield from read_file(path, told)
        except SourceBroken:
            continue  # the second pass says so
