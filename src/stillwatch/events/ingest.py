"""Bring request logs of any known format into the contract's exchange log.

Files are read one after another in bounded memory; what is good is written even where much is not. Each record
ends in one of four ways, and all are counted: an exchange, a reject (with file, row, field and reason), no exchange
at all (a tool span, a health check), or one that an earlier, interrupted run had written already.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from stillwatch.errors import InputError, OutputError, RejectedOverBudget, UsageError
from stillwatch.events.account_table import AccountsBrought, bring_accounts, compared
from stillwatch.events.adapters.catalogue import FORMATS, adapter_named, detect
from stillwatch.events.adapters.otel import OpenTelemetryAdapter
from stillwatch.events.adapters.protocol import Adapter, AdapterContext, BadRecord, Mended, NotAnExchange
from stillwatch.events.file_count import FileCount
from stillwatch.events.finish import finish
from stillwatch.events.join import Joined, read_join
from stillwatch.events.landing import Landing, SeenIds
from stillwatch.events.model import Exchange
from stillwatch.events.nearest import names_in, nearest_formats, shown
from stillwatch.events.pseudonym import Pseudonymiser, derive_key
from stillwatch.events.raw_records import RawRecord, SourceBroken, read_file, read_stream
from stillwatch.events.sources import Rewindable, Source, digest_of, find_sources
from stillwatch.events.span_join import SNIFFED, format_of, gather, held_events

PIPED = ".piped.tmp"
"""Standard input that must be read twice, while it is read."""

DUPLICATE = "duplicate exchange_id"
UNKNOWN_FORMAT = "no known format"
UNKNOWN = "unknown"
EMPTY = "empty"

Tell = Callable[[str, int, int], None]
"""Progress: file, bytes taken, bytes in all (0 where not known)."""


class IngestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a log is read.

    Attributes:
        key: Secret of all keyed hashes and pseudonyms, 16 bytes at least.
        format: ``auto``, or the name of one adapter for all files.
        pseudonymise: Replace addresses, accounts and conversations by keyed pseudonyms.
        keep_text: False drops prompts, system prompts and responses once they are hashed.
        accounts: Table of accounts to bring along under the same pseudonyms.
        join: CloudTrail records or batch request lines that complete the log's records.
        account_fields: Where the account stands, if not where the format has it.
        default_account: Account of records that name none.
        default_time: Time of records that carry none.
        max_rejects: Share of records that may be set aside.
    """

    key: bytes
    format: str = "auto"
    pseudonymise: bool = False
    keep_text: bool = True
    accounts: Path | None = None
    join: tuple[Path, ...] = ()
    account_fields: tuple[str, ...] = ()
    default_account: str | None = None
    default_time: datetime | None = None
    max_rejects: float = 0.01


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds after an ingest, over all files that were ever read into it.

    ``files_read`` and ``files_skipped`` are of this run alone.
    """

    out: str
    files_read: int
    files_skipped: int
    parts: int
    records: int
    exchanges: int
    rejected: int
    already_present: int
    formats: dict[str, int]
    rejects: dict[str, int]
    not_exchanges: dict[str, int]
    repairs: dict[str, int]
    times_stepping_back: int
    accounts: AccountsBrought | None = None


def ingest(
    source: str | Path,
    out: Path,
    options: IngestOptions,
    *,
    stdin: BinaryIO | None = None,
    tell: Tell = lambda _file, _done, _total: None,
) -> IngestReport:
    """Read ``source`` into the folder ``out``.

    Args:
        source: A file, a folder, a glob, or ``-`` for standard input.
        out: Folder of the parts; made where missing, gone on with where an earlier run wrote it.
        options: How to read.
        stdin: Stream behind ``-``; the process's own where left out.
        tell: Told about progress.

    Raises:
        InputError: Nothing is there, or no file has a known format.
        RejectedOverBudget: More than ``options.max_rejects`` of the records were set aside; the rest is written.
        OutputError: ``out`` cannot be written.
        UsageError: The format has no adapter, or ``out`` is of other settings.
    """
    adapter = None if options.format == "auto" else adapter_named(options.format)
    sources = find_sources(source, out)
    run = _Run(options, out, adapter, read_join(options.join))
    accounts = run.bring_accounts()
    digests = {entry: digest_of(entry) for entry in sources}
    todo = [entry for entry in sources if not run.is_done(entry, digests[entry])]
    reading = {entry.identity for entry in todo}
    run.landing.forget(reading)
    done = [entry for entry in sources if entry.identity not in reading]
    with run.joining(todo, done, stdin or sys.stdin.buffer, tell):
        for entry in todo:
            run.read(entry, digests[entry], tell)
    run.landing.commit()
    report = run.report(len(todo), len(done), accounts)
    if report.files_read and set(report.formats) == {UNKNOWN}:
        raise _unknown(source, run.unknown_names)
    check_budget(report, options.max_rejects)
    return report


def _unknown(source: str | Path, names: set[str]) -> InputError:
    near = nearest_formats(names)
    nearest = f" Nearest: {', '.join(near)}." if near else ""
    return InputError(
        f"Cannot tell the format of {source}. Names found: {shown(names)}.",
        hint=f"Known formats: {', '.join(FORMATS)}.{nearest} Name one with --format, or see docs/reference/formats.md.",
    )


def check_budget(report: IngestReport, max_rejects: float) -> None:
    """Raise where more than a share of the records was set aside.

    Raises:
        RejectedOverBudget: Names the most frequent reason.
    """
    seen = report.exchanges + report.rejected
    if not report.rejected or report.rejected <= max_rejects * seen:
        return
    worst = max(report.rejects.items(), key=lambda pair: pair[1])
    raise RejectedOverBudget(
        f"{report.rejected:,} of {seen:,} records were set aside; at most {max_rejects:.2%} are allowed. "
        f"The other {report.exchanges:,} were written to {report.out}.",
        hint=f"Most often: {worst[0]} ({worst[1]:,}). See {report.out}/_rejects.jsonl; mend the source or raise --max-rejects.",
    )


class _Run:
    """One run: the landing, the context of the adapters, and the ids that were met."""

    def __init__(self, options: IngestOptions, out: Path, adapter: Adapter | None, joined: Joined) -> None:
        self.options = options
        self.adapter = adapter
        self.pseudonymiser = Pseudonymiser(options.key) if options.pseudonymise else None
        self.context = AdapterContext(
            hash_key=derive_key(options.key, "hash"),
            callers=joined.callers,
            requests=joined.requests,
            account_fields=options.account_fields,
            default_account=options.default_account,
            default_time=options.default_time,
        )
        settings: dict[str, str | bool] = {
            "key": blake2b(derive_key(options.key, "fingerprint"), digest_size=8).hexdigest(),
            "pseudonymise": options.pseudonymise,
            "text": options.keep_text,
        }
        self.reading = _reading(options)
        self.landing = Landing(out, settings)
        self.landing.commit()
        self._done = {done.path: done for done in self.landing.earlier.files}
        self._ids_key = derive_key(options.key, "ids")
        self._seen_now = SeenIds(self._ids_key)
        self._seen_before: SeenIds | None = None
        self._piped: Rewindable | Path | None = None
        self.unknown_names: set[str] = set()

    def bring_accounts(self) -> AccountsBrought | None:
        """Write the table of accounts, if one was named, before the log: its faults show at once."""
        options = self.options
        if options.accounts is None:
            return None
        return bring_accounts(
            options.accounts,
            self.landing.out,
            hash_key=self.context.hash_key,
            pseudonymiser=self.pseudonymiser,
            max_rejects=options.max_rejects,
        )

    @contextmanager
    def joining(self, todo: list[Source], done: list[Source], stdin: BinaryIO, tell: Tell) -> Iterator[None]:
        """Have the events of spans at hand while ``todo`` is read; nothing of them stays afterwards."""

        def told(name: str, total: int) -> Callable[[int], None]:
            taken = 0

            def add(size: int) -> None:
                nonlocal taken
                taken += size
                tell(f"joining {name}", taken, total)

            return add

        try:
            if any(entry.path is None for entry in todo):
                self._piped = self._take_piped(stdin, told("-", 0))
            new = [entry.path for entry in todo if entry.path is not None]
            new += [self._piped] if isinstance(self._piped, Path) else []
            earlier = [entry.path for entry in done if entry.path and held_events(self._done[entry.identity])]
            total = sum(path.stat().st_size for path in (*new, *earlier))
            store = gather(new, earlier, self.adapter, self.landing.out, told("events of spans", total))
            if store is None:
                yield
                return
            with store:
                self.context = msgspec.structs.replace(self.context, span_events=store)
                yield
        finally:
            if isinstance(self._piped, Path):
                self._piped.unlink(missing_ok=True)

    def _take_piped(self, stdin: BinaryIO, told: Callable[[int], None]) -> Rewindable | Path:
        """Standard input as it comes; written down first where it has to be read twice."""
        stream = Rewindable(stdin)
        adapter = self.adapter or format_of(read_stream(cast("BinaryIO", stream)))
        stream.rewind()
        if not isinstance(adapter, OpenTelemetryAdapter):
            return stream
        path = self.landing.out / PIPED
        try:
            stream.pour(path, told)
        except OSError as error:
            raise OutputError(
                f"Cannot keep standard input in {path}: {error.strerror}.",
                hint="OpenTelemetry logs are read twice: make room, or name the file instead of -.",
            ) from error
        return path

    def is_done(self, entry: Source, digest: str) -> bool:
        """Whether an earlier run read this file as it is, in the same way.

        Raises:
            UsageError: It was read in another way, and its exchanges stand so in the folder.
        """
        done = self._done.get(entry.identity)
        if entry.path is None or done is None or done.format == UNKNOWN:
            return False
        if done.reading != self.reading:
            if done.exchanges + done.already_present == 0:
                return False
            raise UsageError(
                f"{entry.name} stands in {self.landing.out} under other options for account, time or join",
                hint="Exchanges that are written are not changed: name a new folder with --out.",
            )
        return (done.size, done.digest) == (entry.size, digest)

    def read(self, entry: Source, digest: str, tell: Tell) -> None:
        """Read one file to its end, or to where it breaks."""
        if self._seen_before is None:
            self._seen_before = SeenIds(self._ids_key)
            self.landing.earlier_ids(self._seen_before)
        count = FileCount(entry.name, self.landing)
        taken = 0

        def told(size: int) -> None:
            nonlocal taken
            taken += size
            tell(entry.name, taken, entry.size)

        records = self._records(entry, told)
        adapter = self.adapter
        try:
            first = list(_until_broken(islice(records, SNIFFED), count))
            adapter = adapter or detect([record.value for record in first if record.value is not None])
            if adapter is None and first:
                count.reject(0, BadRecord(field="", reason=UNKNOWN_FORMAT))
                self.unknown_names |= names_in(record.value for record in first if record.value is not None)
            if adapter is not None:
                self._convert(chain(first, records), adapter, count)
        except SourceBroken as error:
            count.reject(0, BadRecord(field="", reason=str(error)))
        name = adapter.name if adapter else (UNKNOWN if count.rejects else EMPTY)
        self.landing.file_done(count.done(entry, digest, name, self.reading))

    def _records(self, entry: Source, told: Callable[[int], None]) -> Iterator[RawRecord]:
        path = entry.path or self._piped
        if isinstance(path, Path):
            return read_file(path, told)
        return read_stream(cast("BinaryIO", path), told)

    def _convert(self, records: Iterator[RawRecord], adapter: Adapter, count: FileCount) -> None:
        for record in records:
            count.records += 1
            if record.value is None:
                count.reject(record.row, BadRecord(field="", reason=record.problem))
                continue
            if record.repair:
                count.mend(record.row, [record.repair])
            for outcome in adapter.convert(record.value, self.context):
                match outcome:
                    case Exchange():
                        self._take(outcome, record.row, count)
                    case Mended():
                        self._take(outcome.exchange, record.row, count, outcome.repairs)
                    case NotAnExchange():
                        count.not_exchanges[outcome.reason] += 1
                    case BadRecord():
                        count.reject(record.row, outcome)

    def _take(self, exchange: Exchange, row: int, count: FileCount, repairs: tuple[str, ...] = ()) -> None:
        finished = finish(exchange, pseudonymiser=self.pseudonymiser, keep_text=self.options.keep_text)
        exchange = finished.exchange
        if not self._seen_now.add(exchange.exchange_id):
            count.reject(row, BadRecord(field="exchange_id", reason=DUPLICATE))
            return
        count.met(exchange.ts)
        count.mend(row, (*repairs, *finished.repairs))
        if self._seen_before is not None and exchange.exchange_id in self._seen_before:
            count.already_present += 1
            return
        count.exchanges += 1
        self.landing.add(exchange)

    def report(self, read: int, skipped: int, accounts: AccountsBrought | None) -> IngestReport:
        """The totals of the folder."""
        files = self.landing.files
        rejects = _total(done.rejects for done in files)
        return IngestReport(
            out=str(self.landing.out),
            files_read=read,
            files_skipped=skipped,
            parts=self.landing.parts,
            records=sum(done.records for done in files),
            exchanges=sum(done.exchanges + done.already_present for done in files),
            rejected=sum(rejects.values()),
            already_present=sum(done.already_present for done in files),
            formats=dict(Counter(done.format for done in files)),
            rejects=rejects,
            not_exchanges=_total(done.not_exchanges for done in files),
            repairs=_total(done.repairs for done in files),
            times_stepping_back=sum(done.times_stepping_back for done in files),
            accounts=accounts and compared(accounts, self.landing.part_paths()),
        )


def _until_broken(records: Iterator[RawRecord], count: FileCount) -> Iterator[RawRecord]:
    """The records before a break; the break is counted, so that what came before can still be converted."""
    try:
        yield from records
    except SourceBroken as error:
        count.reject(0, BadRecord(field="", reason=str(error)))


def _reading(options: IngestOptions) -> str:
    """A fingerprint of the options that decide what an exchange reads as."""
    moment = options.default_time.isoformat() if options.default_time else ""
    chosen = (options.account_fields, options.default_account, moment, [str(path.resolve()) for path in options.join])
    return blake2b(msgspec.json.encode(chosen), digest_size=8).hexdigest()


def _total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())
