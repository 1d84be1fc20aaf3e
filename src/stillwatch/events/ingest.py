"""Bring request logs of any known format into the contract's exchange log.

Files are read one after another in bounded memory; what is good is written even where much is not. Each record
ends in one of four ways, and all are counted: an exchange, a reject (with file, row, field and reason), no exchange
at all (a tool span, a health check), or one that an earlier, interrupted run had written already.
"""

from __future__ import annotations

import glob
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b, file_digest
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from stillwatch.errors import InputError, RejectedOverBudget, UsageError
from stillwatch.events.adapters.catalogue import FORMATS, adapter_named, detect
from stillwatch.events.adapters.protocol import Adapter, AdapterContext, BadRecord, NotAnExchange
from stillwatch.events.finish import finish
from stillwatch.events.join import Joined, read_join
from stillwatch.events.landing import FileDone, Landing, SeenIds
from stillwatch.events.model import Exchange, Reject
from stillwatch.events.pseudonym import Pseudonymiser, derive_key
from stillwatch.events.raw_records import RawRecord, SourceBroken, read_file, read_stream

SNIFFED = 50
"""Records of a file that are looked at to tell its format."""

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


class _Source(NamedTuple):
    """One thing to read: a file, or standard input."""

    name: str
    path: Path | None
    size: int

    @property
    def identity(self) -> str:
        return str(self.path.resolve()) if self.path else "-"


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
    digests = {entry: _digest(entry) for entry in sources}
    todo = [entry for entry in sources if not run.is_done(entry, digests[entry])]
    run.landing.forget({entry.identity for entry in todo})
    for entry in todo:
        run.read(entry, digests[entry], stdin or sys.stdin.buffer, tell)
    run.landing.commit()
    report = run.report(len(todo), len(sources) - len(todo))
    if report.files_read and set(report.formats) == {UNKNOWN}:
        raise InputError(
            f"Cannot tell the format of {source}.",
            hint=f"Known formats: {', '.join(FORMATS)}. Name one with --format, or see docs/reference/formats.md.",
        )
    check_budget(report, options.max_rejects)
    return report


def find_sources(source: str | Path, out: Path) -> list[_Source]:
    """The files that ``source`` names, in the order of their names, without hidden ones and those below ``out``.

    Raises:
        InputError: There are none.
    """
    if str(source) == "-":
        return [_Source("-", None, 0)]
    path = Path(source)
    if path.is_file():
        return [_Source(path.name, path, path.stat().st_size)]
    folder = path.is_dir()
    names = () if folder else glob.glob(str(source), recursive=True)  # noqa: PTH207 - takes no absolute pattern
    found: Iterable[Path] = path.rglob("*") if folder else map(Path, names)
    target = out.resolve()
    kept = []
    for each in sorted(found):
        parts = each.relative_to(path).parts if folder else (each.name,)
        hidden = any(part.startswith((".", "_")) for part in parts)
        if each.is_file() and not hidden and target not in each.resolve().parents:
            kept.append(_Source("/".join(parts) if folder else str(each), each, each.stat().st_size))
    if not kept:
        raise InputError(
            f"Cannot read {source}: {'the folder holds no file' if folder else 'there is no such file'}.",
            hint="Name a file, a folder, a quoted glob such as 'logs/*.jsonl.gz', or - for standard input.",
        )
    return kept


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

    def is_done(self, entry: _Source, digest: str) -> bool:
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

    def read(self, entry: _Source, digest: str, stdin: BinaryIO, tell: Tell) -> None:
        """Read one file to its end, or to where it breaks."""
        if self._seen_before is None:
            self._seen_before = SeenIds(self._ids_key)
            self.landing.earlier_ids(self._seen_before)
        count = _Count(entry.name, self.landing)
        taken = 0

        def told(size: int) -> None:
            nonlocal taken
            taken += size
            tell(entry.name, taken, entry.size)

        records = read_file(entry.path, told) if entry.path else read_stream(stdin, told)
        adapter = self.adapter
        try:
            first = list(_until_broken(islice(records, SNIFFED), count))
            adapter = adapter or detect([record.value for record in first if record.value is not None])
            if adapter is None and first:
                count.reject(0, BadRecord(field="", reason=UNKNOWN_FORMAT))
            if adapter is not None:
                self._convert(chain(first, records), adapter, count)
        except SourceBroken as error:
            count.reject(0, BadRecord(field="", reason=str(error)))
        name = adapter.name if adapter else (UNKNOWN if count.rejects else EMPTY)
        self.landing.file_done(count.done(entry, digest, name, self.reading))

    def _convert(self, records: Iterator[RawRecord], adapter: Adapter, count: _Count) -> None:
        for record in records:
            count.records += 1
            if record.value is None:
                count.reject(record.row, BadRecord(field="", reason=record.problem))
                continue
            if record.repair:
                count.repairs[record.repair] += 1
            for outcome in adapter.convert(record.value, self.context):
                match outcome:
                    case Exchange():
                        self._take(outcome, record.row, count)
                    case NotAnExchange():
                        count.not_exchanges[outcome.reason] += 1
                    case BadRecord():
                        count.reject(record.row, outcome)

    def _take(self, exchange: Exchange, row: int, count: _Count) -> None:
        finished = finish(exchange, pseudonymiser=self.pseudonymiser, keep_text=self.options.keep_text)
        exchange = finished.exchange
        if not self._seen_now.add(exchange.exchange_id):
            count.reject(row, BadRecord(field="exchange_id", reason=DUPLICATE))
            return
        count.met(exchange.ts)
        count.repairs.update(finished.repairs)
        if self._seen_before is not None and exchange.exchange_id in self._seen_before:
            count.already_present += 1
            return
        count.exchanges += 1
        self.landing.add(exchange)

    def report(self, read: int, skipped: int) -> IngestReport:
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
        )


class _Count:
    """What is found in one file."""

    def __init__(self, file: str, landing: Landing) -> None:
        self.file = file
        self.landing = landing
        self.records = self.exchanges = self.already_present = self.stepping_back = 0
        self.rejects: Counter[str] = Counter()
        self.not_exchanges: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.rejects_start = landing.rejects_end
        self._last: datetime | None = None

    def reject(self, row: int, bad: BadRecord) -> None:
        self.rejects[f"{bad.field}: {bad.reason}" if bad.field else bad.reason] += 1
        self.landing.reject(Reject(file=self.file, row=row, field=bad.field, reason=bad.reason))

    def met(self, moment: datetime) -> None:
        """Count the times at which the file's clock steps back."""
        if self._last is not None and moment < self._last:
            self.stepping_back += 1
        self._last = moment

    def done(self, entry: _Source, digest: str, adapter: str, reading: str) -> FileDone:
        """The record of the file."""
        return FileDone(
            file=entry.name,
            path=entry.identity,
            size=entry.size,
            digest=digest,
            format=adapter,
            records=self.records,
            exchanges=self.exchanges,
            already_present=self.already_present,
            rejects=dict(self.rejects.most_common()),
            not_exchanges=dict(self.not_exchanges.most_common()),
            repairs=dict(self.repairs.most_common()),
            times_stepping_back=self.stepping_back,
            reading=reading,
            rejects_start=self.rejects_start,
            rejects_end=self.landing.rejects_end,
        )


def _until_broken(records: Iterator[RawRecord], count: _Count) -> Iterator[RawRecord]:
    """The records before a break; the break is counted, so that what came before can still be converted."""
    try:
        yield from records
    except SourceBroken as error:
        count.reject(0, BadRecord(field="", reason=str(error)))


def _digest(entry: _Source) -> str:
    if entry.path is None:
        return ""
    try:
        with entry.path.open("rb") as stream:
            return file_digest(stream, lambda: blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {entry.path}: {error.strerror}.", hint="Check the permissions.") from error


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
