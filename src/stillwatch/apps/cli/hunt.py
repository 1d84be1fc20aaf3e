"""``stillwatch hunt``: find the distillation campaigns in a request log."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from stillwatch.apps.cli.bars import bars
from stillwatch.apps.engines import EngineName
from stillwatch.apps.hunt import Request, run_hunt
from stillwatch.apps.summary import print_summary
from stillwatch.errors import ExitCode, UsageError

_MEMORY = re.compile(r"\d+(?:\.\d+)?\s?[KMGT]i?B", re.IGNORECASE)
STAGES = {
    "read": "reading the log",
    "sketch": "sketching texts",
    "looks": "looking, hour by hour",
    "describe": "describing what was found",
    "write": "writing the report",
}


def hunt_command(
    exchanges: str,
    /,
    *,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the run; made where missing.")],
    accounts: Annotated[Path | None, Parameter(name="--accounts", help="Table of accounts.")] = None,
    alpha: Annotated[
        float, Parameter(name="--alpha", help="Share of innocent sets accepted among the reported.")
    ] = 0.01,
    metadata_only: Annotated[
        bool, Parameter(name="--metadata-only", negative="", help="Leave all text on disk.")
    ] = False,
    until: Annotated[
        str | None, Parameter(name="--until", help="Read nothing after this time (ISO 8601, UTC).")
    ] = None,
    labels: Annotated[Path | None, Parameter(name="--labels", help="Analysts' labels and allow-list.")] = None,
    known: Annotated[Path | None, Parameter(name="--known", help="Indicators of others to look for.")] = None,
    raw_text: Annotated[bool, Parameter(name="--raw-text", negative="", help="Show examples unredacted.")] = False,
    max_rejects: Annotated[
        float, Parameter(name="--max-rejects", help="Share of records that may be set aside.")
    ] = 0.01,
    memory: Annotated[str, Parameter(name="--memory", help="Limit of the reading engine.")] = "2GB",
    engine: Annotated[
        EngineName, Parameter(name="--engine", help="What reads and sums the log; memory keeps all of it here.")
    ] = EngineName.MEMORY,
    spark_master: Annotated[
        str, Parameter(name="--spark-master", help="Where Spark runs, with --engine spark.")
    ] = "local[2]",
    spark_scratch: Annotated[
        str | None, Parameter(name="--spark-scratch", help="Folder or URL that all workers of a cluster reach.")
    ] = None,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")] = False,
    profile: Annotated[bool, Parameter(name="--profile", negative="", help="Print seconds per stage.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress, no summary.")] = False,
) -> int:
    """Find the distillation campaigns in a request log.

    Writes verdicts.parquet, campaigns.parquet, run.json and report.html to the folder of --out. Exit code 3 means that
    campaigns were found, 0 that none was.

    Parameters
    ----------
    exchanges
        The log: a Parquet or JSON Lines file, a folder, or a glob of them; for Spark also a URL.
    """
    if not 0 < alpha < 1:
        raise UsageError(
            f"expected --alpha between 0 and 1, found {alpha}", hint="0.01 reports sets of which 1 % may be innocent"
        )
    if not 0 <= max_rejects <= 1:
        raise UsageError(
            f"expected --max-rejects between 0 and 1, found {max_rejects}", hint="0.01 allows 1 % of the records"
        )
    if not _MEMORY.fullmatch(memory):
        raise UsageError(f"expected a size for --memory, found {memory!r}", hint="for example 2GB or 800MB")
    request = Request(
        exchanges=exchanges,
        out=out,
        accounts=accounts,
        alpha=alpha,
        metadata_only=metadata_only,
        until=parse_until(until),
        labels=labels,
        known=known,
        raw_text=raw_text,
        max_rejects=max_rejects,
        memory=memory,
        engine=engine,
        spark_master=spark_master,
        spark_scratch=spark_scratch,
    )
    console = Console(stderr=True)
    with bars(console, STAGES, quiet=quiet) as tell:
        result = run_hunt(request, tell)
    if not quiet:
        print_summary(result, out, console)
    if profile:
        for stage, seconds in result.seconds.items():
            console.print(f"{stage:>10} {seconds:8.2f} s", markup=False, highlight=False)
    if json:
        sys.stdout.write(msgspec.json.encode(msgspec.structs.replace(result, verdicts=())).decode() + "\n")
    return int(ExitCode.FINDINGS if result.campaigns else ExitCode.DONE)


def parse_until(text: str | None) -> datetime | None:
    """An ISO 8601 time; UTC where it names no zone.

    Raises:
        UsageError: the text is no time.
    """
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"expected a time for --until, found {text!r}", hint="for example 2026-09-10T06:00:00Z"
        ) from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
