"""``stillwatch watch``: follow a log as it happens."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from stillwatch.apps.cli.hunt import _MEMORY
from stillwatch.apps.watch import log_lines
from stillwatch.apps.watch.admission import HOUR
from stillwatch.apps.watch.detector import Looking
from stillwatch.apps.watch.service import Watch
from stillwatch.apps.watch.settings import WatchSettings
from stillwatch.apps.watch.state import DAY, Limits, State
from stillwatch.apps.watch.wiring import OutputWish, ServeWish, SourceWish, listening, make_outputs, make_source
from stillwatch.errors import ExitCode, UsageError


def watch_command(
    source: str,
    /,
    *,
    state: Annotated[
        Path, Parameter(name="--state", help="Folder of the watch's state; gone on with where it is there.")
    ],
    accounts: Annotated[
        Path | None, Parameter(name="--accounts", help="Table of accounts; read anew at each look.")
    ] = None,
    out: Annotated[Path | None, Parameter(name="--out", help="Run folder that each look rewrites.")] = None,
    lines: Annotated[
        str | None, Parameter(name="--lines", help="File for changes as JSON lines, or - for standard output.")
    ] = None,
    webhook: Annotated[str | None, Parameter(name="--webhook", help="Address for changes, signed.")] = None,
    webhook_secret_file: Annotated[
        Path | None,
        Parameter(name="--webhook-secret-file", help="File with its secret; else STILLWATCH_WEBHOOK_SECRET."),
    ] = None,
    chat_file: Annotated[
        Path | None, Parameter(name="--chat-file", help="File with a chat's webhook address; else STILLWATCH_CHAT_URL.")
    ] = None,
    mail: Annotated[tuple[str, ...], Parameter(name="--mail", negative="", help="Recipient of changes by mail.")] = (),
    mail_from: Annotated[str, Parameter(name="--mail-from", help="Sender of that mail.")] = "stillwatch@localhost",
    mail_server: Annotated[
        str, Parameter(name="--mail-server", help="HOST:PORT; user and password: STILLWATCH_MAIL_USER, _PASSWORD.")
    ] = "localhost:25",
    every: Annotated[float, Parameter(name="--every", help="Seconds between looks, at least.")] = 60.0,
    once: Annotated[
        bool, Parameter(name="--once", negative="", help="Take in what is there, look, deliver, end.")
    ] = False,
    watermark: Annotated[float, Parameter(name="--watermark", help="Hours that a row may be late.")] = 48.0,
    window: Annotated[float, Parameter(name="--window", help="Days that are looked at.")] = 60.0,
    keep_text: Annotated[float, Parameter(name="--keep-text", help="Hours that raw prompts are kept.")] = 0.0,
    metadata_only: Annotated[
        bool, Parameter(name="--metadata-only", negative="", help="Drop all text unread.")
    ] = False,
    alpha: Annotated[
        float, Parameter(name="--alpha", help="Share of innocent sets accepted among the reported.")
    ] = 0.01,
    labels: Annotated[Path | None, Parameter(name="--labels", help="Analysts' labels and allow-list.")] = None,
    known: Annotated[Path | None, Parameter(name="--known", help="Indicators of others to look for.")] = None,
    log_format: Annotated[str, Parameter(name="--format", help="Format of the records, or auto.")] = "auto",
    account_field: Annotated[
        tuple[str, ...],
        Parameter(name="--account-field", negative="", help="Where the account stands, as a name or dotted path."),
    ] = (),
    source_settings: Annotated[
        Path | None, Parameter(name="--source-settings", help="File of name=value lines for the Kafka or NATS client.")
    ] = None,
    token_file: Annotated[
        Path | None,
        Parameter(
            name="--token-file", help="File with the bearer token of the OTLP endpoint; else STILLWATCH_OTLP_TOKEN."
        ),
    ] = None,
    no_token: Annotated[
        bool, Parameter(name="--no-token", negative="", help="Let everybody on this machine send.")
    ] = False,
    listen: Annotated[
        str | None, Parameter(name="--listen", help="HOST:PORT for /metrics, /healthz and /readyz.")
    ] = None,
    memory: Annotated[
        str, Parameter(name="--memory", help="Limit of the reading engine, and of the state's.")
    ] = "512MB",
    sketchers: Annotated[int, Parameter(name="--sketchers", help="Processes that sketch prompts.")] = 2,
) -> int:
    """Follow a log as it happens, and tell what changes.

    Takes in what arrives, exactly once, and looks again whenever something did. Ends with exit code 0 after SIGTERM or
    Ctrl-C, with everything committed.

    Parameters
    ----------
    source
        A folder into which files are put, otlp://HOST:PORT, nats://HOST:PORT/STREAM or kafka://HOST:PORT/TOPIC.
    """
    _check(every=every, watermark=watermark, window=window, keep_text=keep_text, alpha=alpha, memory=memory)
    if once and source.startswith("otlp://"):
        raise UsageError("--once has no end with otlp://", hint="Senders may come at any time: leave --once out.")
    limits = Limits(
        watermark=round(watermark * HOUR), window=round(window * DAY), texts=round(keep_text * HOUR), memory=memory
    )
    settings = WatchSettings(
        state=state,
        limits=limits,
        looking=Looking(
            accounts=str(accounts) if accounts else None,
            labels=str(labels) if labels else None,
            known=str(known) if known else None,
            alpha=alpha,
        ),
        every=every,
        out=out,
        once=once,
        metadata_only=metadata_only,
        sketchers=sketchers,
        shown={"alpha": f"{alpha:g}", "watermark": f"{watermark:g} h", "window": f"{window:g} days"},
    )
    outputs = make_outputs(
        OutputWish(
            lines=lines,
            webhook=webhook,
            webhook_secret_file=webhook_secret_file,
            chat_file=chat_file,
            mail=mail,
            mail_from=mail_from,
            mail_server=mail_server,
        ),
        clock,
    )
    handler = log_lines.begin(sys.stderr)
    try:
        with ExitStack() as stack:
            base = State(state, limits)
            stack.callback(base.close)
            wish = SourceWish(
                source=source,
                log_format=log_format,
                account_fields=account_field,
                settings=source_settings,
                token_file=token_file,
                no_token=no_token,
                metadata_only=metadata_only,
                memory=memory,
            )
            served = listening(ServeWish(listen=listen))
            made = make_source(wish, base, clock, served.gauges)
            watch = Watch(settings, base, made, outputs, clock, gauges=served.gauges)
            stack.enter_context(served.serving(watch.pulse))
            with _stopped_by_signals(watch.stop):
                watch.run()
    finally:
        log_lines.end(handler)
    return int(ExitCode.DONE)


def clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


def _check(*, every: float, watermark: float, window: float, keep_text: float, alpha: float, memory: str) -> None:
    """Raise for values that cannot work."""
    for name, value in (("--every", every), ("--watermark", watermark), ("--keep-text", keep_text)):
        if not 0 <= value < 1e6:
            raise UsageError(f"expected {name} of zero or more, found {value}")
    if not 1 <= window < 1e5:
        raise UsageError(f"expected --window of one day or more, found {window}", hint="60 covers a campaign of weeks")
    if window * 24 <= watermark:
        raise UsageError(f"expected --window longer than --watermark, found {window} days and {watermark} hours")
    if not 0 < alpha < 1:
        raise UsageError(f"expected --alpha between 0 and 1, found {alpha}")
    if not _MEMORY.fullmatch(memory):
        raise UsageError(f"expected a size for --memory, found {memory!r}", hint="for example 512MB")


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """A polite kill or Ctrl-C ends the watch after what it is at; a second Ctrl-C at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
