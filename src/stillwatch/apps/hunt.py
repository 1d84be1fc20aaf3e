"""The main job, wired: read a log, hunt, write a run folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from stillwatch import __version__
from stillwatch._internal.times import microseconds, moment
from stillwatch.apps.engines import EngineName, begun
from stillwatch.apps.known import Labels, read_known, read_labels
from stillwatch.apps.report.render import render
from stillwatch.apps.run_folder import RUN, prepare_out, write_run
from stillwatch.campaigns.model import HuntResult, LogSummary, RejectCount
from stillwatch.campaigns.service import Hunted, Settings, hunt
from stillwatch.detect.log import COLUMNS, Accounts, Log
from stillwatch.detect.texts import LiveTexts, StoredStrings
from stillwatch.errors import OutputError, RejectedOverBudget, UsageError
from stillwatch.events.read import ReadResult, read_accounts, read_exchanges
from stillwatch.events.rejects import Rejects

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    exchanges: Path | str
    out: Path
    accounts: Path | None = None
    alpha: float = 0.01
    metadata_only: bool = False
    until: datetime | None = None
    labels: Path | None = None
    known: Path | None = None
    raw_text: bool = False
    max_rejects: float = 0.01
    memory: str = "2GB"
    engine: EngineName = EngineName.MEMORY
    spark_master: str = "local[2]"
    spark_scratch: str | None = None


def run_hunt(request: Request, progress: Progress) -> HuntResult:
    """Read, hunt, write; raises what a reader of the message can act on.

    Raises:
        InputError: the log cannot be read at all.
        RejectedOverBudget: more records were set aside than allowed; the run is written before.
        OutputError: the run cannot be written.
    """
    prepare_out(request.out)
    with tempfile.TemporaryDirectory(dir=request.out.resolve().parent, prefix=f".{request.out.name}.work-") as work:
        try:
            return _run(request, Path(work), progress)
        except OutputError as error:
            if str(work) not in error.message:
                raise
            reason = error.message.rpartition(": ")[2]
            raise OutputError(f"cannot write the run to {request.out}: {reason}", hint=error.hint) from error


def _run(request: Request, work: Path, progress: Progress) -> HuntResult:
    """Read with columns and texts on disk in ``work``, hunt, write."""
    progress("read", 0, 1)
    accounts = read_accounts(str(request.accounts)) if request.accounts else None
    labels = read_labels(request.labels) if request.labels else Labels({}, {})
    settings = Settings(
        alpha=request.alpha,
        redacted=not request.raw_text,
        end=microseconds(request.until) if request.until else None,
        earlier=earlier_campaigns(request.out),
        known=labels.malicious,
        legitimate=labels.legitimate,
    )
    table = accounts.table if accounts else None
    ran = (_in_memory if request.engine is EngineName.MEMORY else _on_engine)(request, table, settings, progress, work)
    parts = [ran.rejected, *((accounts.rejects, accounts.seen) for accounts in [accounts] if accounts)]
    result = HuntResult(
        version=__version__,
        log=ran.log,
        guarantee=ran.hunted.guarantee,
        campaigns=ran.hunted.campaigns,
        near=ran.hunted.near,
        verdicts=ran.hunted.verdicts,
        rejected=tuple(
            RejectCount(t.file, t.field, t.reason, t.rows) for p, _ in parts for t in (*p.counts, *p.repairs)
        ),
        reject_samples=tuple(s for p, _ in parts for s in p.samples),
        settings=settings_of(request),
        seconds=ran.seconds,
    )
    progress("write", 0, 1)
    write_run(result, request.out, report_html=render(result))
    progress("write", 1, 1)
    for rejects, seen in parts:
        try:
            rejects.check_budget(seen, request.max_rejects)
        except RejectedOverBudget as error:
            raise RejectedOverBudget(error.message, hint=f"{error.hint} The run is in {request.out}.") from error
    return result


@dataclass(frozen=True)
class _Ran:
    """A hunt's result, the log in figures, what was set aside of it (of how many rows), and seconds per stage."""

    hunted: Hunted
    log: LogSummary
    rejected: tuple[Rejects, int]
    seconds: dict[str, float]


def _in_memory(request: Request, accounts: pa.Table | None, settings: Settings, progress: Progress, work: Path) -> _Ran:
    started = time.perf_counter()
    read = read_exchanges(
        str(request.exchanges),
        until=request.until,
        metadata_only=request.metadata_only,
        columns=COLUMNS,
        memory=request.memory,
        spill=work,
    )
    log = _log_of(read, accounts)
    progress("read", 1, 1)
    seconds = {"read": round(time.perf_counter() - started, 3)}
    if request.known:
        settings = replace(settings, known={**read_known(request.known, log), **settings.known})
    read = read.without_table()
    hunted = hunt(log, settings, progress)
    told = summary_of(
        request,
        (*read.missing, *read.absent),
        read.notes,
        accounts=log.accounts,
        exchanges=len(log),
        span=(int(log.ts[0]), int(log.ts[-1])) if len(log) else (0, 0),
        with_text=log.with_text,
    )
    return _Ran(hunted, told, (read.rejects, read.seen), seconds | hunted.seconds)


def _on_engine(request: Request, accounts: pa.Table | None, settings: Settings, progress: Progress, work: Path) -> _Ran:
    """The same hunt where the log is read and summed by an engine."""
    if request.known:
        raise UsageError(
            "--known needs the log in memory", hint="Leave out --engine, or look for indicators in a part of the log."
        )
    started = time.perf_counter()
    with begun(
        request.engine, memory=request.memory, folder=work, master=request.spark_master, scratch=request.spark_scratch
    ) as engine:
        from stillwatch.campaigns.engine_hunt import hunt_on  # noqa: PLC0415 - needs Ibis, an extra

        begins = time.perf_counter() - started
        found = hunt_on(
            engine,
            request.exchanges,
            accounts,
            settings,
            until=request.until,
            metadata_only=request.metadata_only,
            progress=progress,
        )
    traffic = found.traffic
    columns = {
        "prompt": traffic.with_text,
        "ip": traffic.with_addresses,
        "context_in": traffic.with_contexts,
    }
    told = summary_of(
        request,
        [name for name, there in columns.items() if not there],
        [*found.loaded.notes, f"read and summed by {engine.name}"],
        accounts=traffic.accounts,
        exchanges=traffic.exchanges,
        span=(traffic.first_us, traffic.last_us),
        with_text=traffic.with_text,
    )
    seconds = found.hunted.seconds | {"read": round(begins + found.hunted.seconds["read"], 3)}
    return _Ran(found.hunted, told, (found.loaded.rejects, found.loaded.seen), seconds)


def _log_of(read: ReadResult, accounts: pa.Table | None) -> Log:
    store = read.texts
    texts = None if store is None else lambda keys: LiveTexts(StoredStrings.of(store, keys))
    return Log.build(read.table, accounts, texts)


def summary_of(
    request: Request,
    missing: Iterable[str],
    notes: Iterable[str],
    *,
    accounts: Accounts,
    exchanges: int,
    span: tuple[int, int],
    with_text: bool,
) -> LogSummary:
    """What was read, in figures.

    ``missing`` are columns that are not there or all null; ``span`` the times of the first and the last exchange.
    """
    said = list(notes)
    if request.metadata_only:
        said.append("text columns were not read (--metadata-only)")
    if not exchanges:
        said.append("the log holds no exchange" + (f" up to {request.until.isoformat()}" if request.until else ""))
    if request.accounts is None:
        said.append("no accounts table: payment, sign-up and declared use are unknown (--accounts)")
    return LogSummary(
        exchanges=exchanges,
        accounts=len(accounts),
        parties=int(accounts.party.max(initial=-1)) + 1,
        first=moment(span[0]) if exchanges else None,
        last=moment(span[1]) if exchanges else None,
        with_text=with_text,
        missing=tuple(sorted(set(missing))),
        notes=tuple(said),
    )


def settings_of(request: Request) -> dict[str, str]:
    """The request as the report prints it; names of files without their folders."""
    settings = {
        "exchanges": Path(request.exchanges).name,
        "accounts": request.accounts.name if request.accounts else "none",
        "alpha": f"{request.alpha:g}",
        "metadata only": "yes" if request.metadata_only else "no",
        "until": request.until.isoformat() if request.until else "end of the log",
        "labels": request.labels.name if request.labels else "none",
        "known": request.known.name if request.known else "none",
    }
    if request.engine is not EngineName.MEMORY:
        settings["engine"] = request.engine.value
    if request.raw_text:
        settings["text"] = "shown unredacted"
    return settings


class _Named(msgspec.Struct):
    campaign_id: str
    account_ids: tuple[str, ...] = ()


class _Earlier(msgspec.Struct):
    campaigns: tuple[_Named, ...] = ()


def earlier_campaigns(out: Path) -> tuple[tuple[str, frozenset[str]], ...]:
    """Campaigns of the run that stands in ``out`` already, so that their names stay; none where there is no such run."""
    try:
        earlier = msgspec.json.decode((out / RUN).read_bytes(), type=_Earlier)
    except (OSError, msgspec.MsgspecError):
        return ()
    return tuple((c.campaign_id, frozenset(c.account_ids)) for c in earlier.campaigns)
