"""The main job, wired: read a log, hunt, write a run folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from stillwatch import __version__
from stillwatch._internal.times import microseconds, moment
from stillwatch.apps.known import Labels, read_known, read_labels
from stillwatch.apps.report.render import render
from stillwatch.apps.run_folder import RUN, prepare_out, write_run
from stillwatch.campaigns.model import HuntResult, LogSummary, RejectCount
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.detect.log import COLUMNS, Log
from stillwatch.detect.texts import LiveTexts, StoredStrings
from stillwatch.errors import OutputError, RejectedOverBudget
from stillwatch.events.read import ReadResult, read_accounts, read_exchanges

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    exchanges: Path
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
    started = time.perf_counter()
    progress("read", 0, 1)
    read = read_exchanges(
        str(request.exchanges),
        until=request.until,
        metadata_only=request.metadata_only,
        columns=COLUMNS,
        memory=request.memory,
        spill=work,
    )
    accounts = read_accounts(str(request.accounts)) if request.accounts else None
    log = _log_of(read, accounts)
    progress("read", 1, 1)
    seconds = {"read": round(time.perf_counter() - started, 3)}
    labels = read_labels(request.labels) if request.labels else Labels({}, {})
    settings = Settings(
        alpha=request.alpha,
        redacted=not request.raw_text,
        end=microseconds(request.until) if request.until else None,
        earlier=earlier_campaigns(request.out),
        known={**(read_known(request.known, log) if request.known else {}), **labels.malicious},
        legitimate=labels.legitimate,
    )
    summary = summary_of(log, read, request)
    read = read.without_table()
    hunted = hunt(log, settings, progress)
    seconds |= hunted.seconds
    parts = [part for part in (read, accounts) if part is not None]
    result = HuntResult(
        version=__version__,
        log=summary,
        guarantee=hunted.guarantee,
        campaigns=hunted.campaigns,
        near=hunted.near,
        verdicts=hunted.verdicts,
        rejected=tuple(
            RejectCount(t.file, t.field, t.reason, t.rows)
            for p in parts
            for t in (*p.rejects.counts, *p.rejects.repairs)
        ),
        reject_samples=tuple(s for p in parts for s in p.rejects.samples),
        settings=settings_of(request),
        seconds=seconds,
    )
    progress("write", 0, 1)
    write_run(result, request.out, report_html=render(result))
    progress("write", 1, 1)
    for part in parts:
        try:
            part.check_budget(request.max_rejects)
        except RejectedOverBudget as error:
            raise RejectedOverBudget(error.message, hint=f"{error.hint} The run is in {request.out}.") from error
    return result


def _log_of(read: ReadResult, accounts: ReadResult | None) -> Log:
    store = read.texts
    texts = None if store is None else lambda keys: LiveTexts(StoredStrings.of(store, keys))
    return Log.build(read.table, accounts.table if accounts else None, texts)


def summary_of(log: Log, read: ReadResult, request: Request) -> LogSummary:
    """What was read, in figures."""
    notes = list(read.notes)
    if request.metadata_only:
        notes.append("text columns were not read (--metadata-only)")
    if not len(log):
        notes.append("the log holds no exchange" + (f" up to {request.until.isoformat()}" if request.until else ""))
    if request.accounts is None:
        notes.append("no accounts table: payment, sign-up and declared use are unknown (--accounts)")
    return LogSummary(
        exchanges=len(log),
        accounts=len(log.accounts),
        parties=log.parties,
        first=moment(int(log.ts[0])) if len(log) else None,
        last=moment(int(log.ts[-1])) if len(log) else None,
        with_text=log.with_text,
        missing=tuple(sorted({*read.missing, *read.absent})),
        notes=tuple(notes),
    )


def settings_of(request: Request) -> dict[str, str]:
    """The request as the report prints it; names of files without their folders."""
    settings = {
        "exchanges": request.exchanges.name,
        "accounts": request.accounts.name if request.accounts else "none",
        "alpha": f"{request.alpha:g}",
        "metadata only": "yes" if request.metadata_only else "no",
        "until": request.until.isoformat() if request.until else "end of the log",
        "labels": request.labels.name if request.labels else "none",
        "known": request.known.name if request.known else "none",
    }
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
