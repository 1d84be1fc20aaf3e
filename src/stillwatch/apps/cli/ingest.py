"""``stillwatch ingest``: bring logs of other formats into the contract's."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stillwatch._internal.text import terminal_safe
from stillwatch.errors import ExitCode, InputError, OutputError, UsageError
from stillwatch.events.account_table import AccountsBrought
from stillwatch.events.ingest import IngestOptions, IngestReport, Tell, ingest
from stillwatch.events.pseudonym import MINIMUM_KEY_BYTES

RUN_KEY = "_context.key"
"""Where a folder keeps the key that was made for it; the readers pass over names that begin with an underscore."""

_UNJOINED = (
    "accounts: names are pseudonyms now, and your table of accounts joins with none of them as it is; "
    "run this again with --accounts TABLE and the same key"
)


def ingest_command(
    source: str,
    /,
    *,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the exchange log; gone on with where it is there.")],
    log_format: Annotated[str, Parameter(name="--format", help="Format of all files, or auto.")] = "auto",
    key_file: Annotated[
        Path | None, Parameter(name="--key-file", help="Secret of hashes and pseudonyms, 16 bytes or more.")
    ] = None,
    pseudonymise: Annotated[
        bool, Parameter(name="--pseudonymise", negative="", help="Replace addresses, accounts and conversations.")
    ] = False,
    accounts: Annotated[
        Path | None,
        Parameter(name="--accounts", help="Table of accounts to bring along, under the same key where it hides names."),
    ] = None,
    no_text: Annotated[bool, Parameter(name="--no-text", negative="", help="Hash texts, then drop them.")] = False,
    join: Annotated[
        tuple[Path, ...],
        Parameter(name="--join", negative="", help="CloudTrail files or batch requests that complete the log."),
    ] = (),
    account_field: Annotated[
        tuple[str, ...],
        Parameter(name="--account-field", negative="", help="Where the account stands, as a name or dotted path."),
    ] = (),
    default_account: Annotated[
        str | None, Parameter(name="--default-account", help="Account of records that name none.")
    ] = None,
    default_time: Annotated[
        str | None, Parameter(name="--default-time", help="Time of records that carry none (ISO 8601).")
    ] = None,
    max_rejects: Annotated[
        float, Parameter(name="--max-rejects", help="Share of records that may be set aside.")
    ] = 0.01,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress.")] = False,
) -> int:
    """Bring logs of other formats into the contract's.

    Writes part-00001.parquet and so on to the folder of --out, with _rejects.jsonl (what was set aside, and why) and
    _ingest.json (what is done). --accounts adds _accounts/accounts.parquet, for hunt --accounts. Run again, it goes on where it ended. Exit code 5 means that more records were set
    aside than --max-rejects allows; the others are written.

    Parameters
    ----------
    source
        A file, a folder, a quoted glob, or - for standard input: JSON Lines, JSON or Parquet, plain, gzip or zstd.
    """
    if not 0 <= max_rejects <= 1:
        raise UsageError(f"expected --max-rejects between 0 and 1, found {max_rejects}", hint="0.01 allows 1 %")
    if pseudonymise and key_file is None:
        raise UsageError(
            "--pseudonymise needs a key of yours",
            hint="make one with: head -c 32 /dev/urandom > stillwatch.key, then --key-file stillwatch.key",
        )
    options = IngestOptions(
        key=read_key(key_file) if key_file else run_key(out),
        format=log_format,
        pseudonymise=pseudonymise,
        keep_text=not no_text,
        accounts=accounts,
        join=join,
        account_fields=account_field,
        default_account=default_account,
        default_time=parse_time(default_time),
        max_rejects=max_rejects,
    )
    console = Console(stderr=True)
    with _progress(console, quiet=quiet) as tell:
        report = ingest(source, out, options, tell=tell)
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        print("\n".join(summary(report, pseudonymised=pseudonymise)))
    return int(ExitCode.DONE)


def parse_time(text: str | None) -> datetime | None:
    """An ISO 8601 time; UTC where it names no zone.

    Raises:
        UsageError: The text is no time.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"expected a time for --default-time, found {text!r}", hint="for example 2026-09-10T06:00:00Z"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_key(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        InputError: The file cannot be read.
        UsageError: It is too short to be a secret.
    """
    try:
        key = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the key {path}: {error.strerror}.") from error
    if len(key) < MINIMUM_KEY_BYTES:
        raise UsageError(
            f"expected a key of at least {MINIMUM_KEY_BYTES} bytes in {path}, found {len(key)}",
            hint=f"make one with: head -c 32 /dev/urandom > {path}",
        )
    return key


def run_key(out: Path) -> bytes:
    """The key kept in ``out``, made at the first run: hashes of one folder must be of one key.

    Raises:
        OutputError: ``out`` cannot be written.
    """
    path = out / RUN_KEY
    if path.is_file():
        return read_key(path)
    key = secrets.token_bytes(32)
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = out / f".{RUN_KEY}.tmp"
        temporary.touch(mode=0o600)
        temporary.write_bytes(key)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"Cannot write to {out}: {error.strerror}.") from error
    return key


def summary(report: IngestReport, *, pseudonymised: bool = False) -> list[str]:
    """The result in words; safe to print, whatever the log held."""
    formats = ", ".join(f"{name} {count:,}" for name, count in report.formats.items())
    lines = [
        f"{report.exchanges:,} exchanges in {report.parts:,} parts in {terminal_safe(report.out)}",
        f"files: {report.files_read:,} read, {report.files_skipped:,} done before ({formats})",
    ]
    if report.already_present:
        lines.append(f"written by an earlier run: {report.already_present:,}")
    for title, counts in (
        ("set aside", report.rejects),
        ("no exchanges", report.not_exchanges),
        ("mended", report.repairs),
    ):
        lines += [f"{title}: {count:,} × {terminal_safe(reason)}" for reason, count in counts.items()]
    if report.times_stepping_back:
        lines.append(f"clock stepped back {report.times_stepping_back:,} times; order is restored when the log is read")
    lines += accounts_summary(report.accounts, pseudonymised=pseudonymised)
    table = f" --accounts {terminal_safe(report.accounts.path)}" if report.accounts else ""
    lines.append(f"next: stillwatch hunt {terminal_safe(report.out)}{table} --out RUN")
    return lines


def accounts_summary(brought: AccountsBrought | None, *, pseudonymised: bool) -> list[str]:
    """What became of the table of accounts, or what has to become of it."""
    if brought is None:
        if not pseudonymised:
            return []
        return [_UNJOINED]
    lines = [f"accounts: {brought.accounts:,} in {terminal_safe(brought.path)}"]
    for title, counts in (("set aside", brought.rejects), ("mended", brought.repairs)):
        lines += [f"accounts {title}: {count:,} × {terminal_safe(reason)}" for reason, count in counts.items()]
    lines.append(f"accounts of the log in the table: {brought.known:,} of {brought.in_log:,}")
    if brought.in_log and not brought.known:
        lines.append("accounts: none match; does --account-field name what the table calls account_id?")
    if pseudonymised:
        lines.append(
            "accounts: email_domain, institution and the other columns stand as they were; drop what may not leave"
        )
    return lines


@contextlib.contextmanager
def _progress(console: Console, *, quiet: bool) -> Iterator[Tell]:
    """One bar for the file being read, on a terminal; nothing elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bars:
        task = bars.add_task("reading", total=None)

        def tell(file: str, done: int, total: int) -> None:
            bars.update(task, description=terminal_safe(file), completed=done, total=total or None)

        yield tell
