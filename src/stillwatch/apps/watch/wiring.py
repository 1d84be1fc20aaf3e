"""Sources, outputs and pages from what the command line says. Secrets come from files or the environment, never from it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from stillwatch.apps.watch.batch import Source
from stillwatch.apps.watch.gauges import Gauges, Unmeasured
from stillwatch.apps.watch.outputs.chat import Chat
from stillwatch.apps.watch.outputs.lines import LinesFile, LinesStream
from stillwatch.apps.watch.outputs.mail import Mail, MailServer
from stillwatch.apps.watch.outputs.protocol import Output
from stillwatch.apps.watch.outputs.webhook import Webhook
from stillwatch.apps.watch.pulse import Pulse
from stillwatch.apps.watch.sources.folder import FolderSource
from stillwatch.apps.watch.sources.records import Records, chosen
from stillwatch.apps.watch.state import State
from stillwatch.errors import InputError, UsageError
from stillwatch.events.adapters.protocol import AdapterContext
from stillwatch.events.pseudonym import derive_key

_log = logging.getLogger(__name__)
Clock = Callable[[], int]


class SourceWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about the source."""

    source: str
    log_format: str = "auto"
    account_fields: tuple[str, ...] = ()
    settings: Path | None = None
    token_file: Path | None = None
    no_token: bool = False
    metadata_only: bool = False
    memory: str = "512MB"


class OutputWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about outputs."""

    lines: str | None = None
    webhook: str | None = None
    webhook_secret_file: Path | None = None
    chat_file: Path | None = None
    mail: tuple[str, ...] = ()
    mail_from: str = "stillwatch@localhost"
    mail_server: str = "localhost:25"


class ServeWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about the pages for operators."""

    listen: str | None = None


class Served:
    """Figures, and the pages that show them."""

    def __init__(self, gauges: Gauges, place: tuple[str, int] | None) -> None:
        """``place``: where to listen, None for nowhere."""
        self.gauges = gauges
        self._place = place

    @contextmanager
    def serving(self, pulse: Pulse) -> Iterator[None]:
        """Serve the pages while the block runs."""
        if self._place is None:
            yield
            return
        from stillwatch.apps.watch.pages import pages  # noqa: PLC0415 - the extra `watch`
        from stillwatch.apps.watch.web import Served as Web  # noqa: PLC0415

        with Web(pages(pulse, self.gauges), self._place, "pages") as web:
            _log.info("pages for operators", extra={"listening": f"{self._place[0]}:{web.port}"})
            yield


def listening(wish: ServeWish) -> Served:
    """Figures and pages, where they are wished for.

    Raises:
        UsageError: A library is missing, or the place is none.
    """
    if wish.listen is None:
        return Served(Unmeasured(), None)
    from stillwatch.apps.watch.prometheus import Registry  # noqa: PLC0415 - the extra `watch`

    return Served(Registry(), place_of(wish.listen, "--listen"))


def place_of(text: str, what: str) -> tuple[str, int]:
    """``HOST:PORT``.

    Raises:
        UsageError: It is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not int(port) < 65_536:
        raise UsageError(f"expected HOST:PORT for {what}, found {text!r}", hint="for example 127.0.0.1:9464")
    return host.strip("[]"), int(port)


def secret(file: Path | None, variable: str) -> str | None:
    """A secret out of a file, else out of the environment.

    Raises:
        InputError: The file cannot be read.
    """
    if file is None:
        return os.environ.get(variable) or None
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {file}.", hint="Check the permissions.") from error


def make_outputs(wish: OutputWish, clock: Clock) -> list[Output]:
    """The outputs that are wished for.

    Raises:
        UsageError: One of them lacks what it needs.
    """
    outputs: list[Output] = []
    if wish.lines is not None:
        outputs.append(LinesStream(sys.stdout.buffer) if wish.lines == "-" else LinesFile(Path(wish.lines)))
    if wish.webhook is not None:
        key = secret(wish.webhook_secret_file, "STILLWATCH_WEBHOOK_SECRET")
        if key is None:
            raise UsageError(
                "--webhook needs a secret to sign with",
                hint="--webhook-secret-file FILE, or the variable STILLWATCH_WEBHOOK_SECRET: whsec_ and base64",
            )
        outputs.append(Webhook(wish.webhook, key, clock))
    chat = secret(wish.chat_file, "STILLWATCH_CHAT_URL")
    if chat is not None:
        outputs.append(Chat(chat))
    if wish.mail:
        host, port = place_of(wish.mail_server, "--mail-server")
        server = MailServer(
            host=host,
            port=port,
            user=os.environ.get("STILLWATCH_MAIL_USER"),
            password=os.environ.get("STILLWATCH_MAIL_PASSWORD"),
        )
        outputs.append(Mail(server, wish.mail_from, wish.mail))
    return outputs


def make_source(wish: SourceWish, state: State, clock: Clock, gauges: Gauges) -> Source:
    """The source that is wished for, going on where the state ends.

    Raises:
        UsageError: There is no such kind of source, or its library is missing.
        InputError: It is not there.
    """
    context = AdapterContext(hash_key=derive_key(state.key, "hash"), account_fields=wish.account_fields)
    resume = state.resume()
    parts = urlsplit(wish.source) if "://" in wish.source else None
    if parts is None:
        folder = FolderSource(
            Path(wish.source), resume, context, clock, metadata_only=wish.metadata_only, memory=wish.memory,
            adapter=chosen(wish.log_format),
        )  # fmt: skip
        if resume.new:
            state.begin(folder.backlog)
        return folder

    def gather() -> Records:
        return Records(chosen(wish.log_format), context, metadata_only=wish.metadata_only)

    if resume.new:
        state.begin(())
    return _stream(wish, parts, state, clock, gather, gauges)


def _stream(
    wish: SourceWish, parts: SplitResult, state: State, clock: Clock, gather: Callable[[], Records], gauges: Gauges
) -> Source:
    match parts.scheme:
        case "otlp":
            from stillwatch.apps.watch.sources.otlp import OtlpSource, token_of  # noqa: PLC0415 - the extra `watch`

            token = None if wish.no_token else token_of(secret(wish.token_file, "STILLWATCH_OTLP_TOKEN"), state.folder)
            return OtlpSource(place_of(parts.netloc, "otlp://"), token, gather, clock, gauges)
        case "nats":
            from stillwatch.apps.watch.sources.jetstream import JetStreamSource  # noqa: PLC0415 - the extra `nats`

            return JetStreamSource(parts, settings_of(wish.settings), state.resume(), gather, clock)
        case "kafka":
            from stillwatch.apps.watch.sources.kafka import KafkaSource  # noqa: PLC0415 - the extra `kafka`

            return KafkaSource(parts, settings_of(wish.settings), state.resume(), gather, clock)
        case _:
            raise UsageError(
                f"expected a folder, or a source of otlp://, nats:// or kafka://, found {parts.scheme}://",
                hint="for example otlp://127.0.0.1:4318",
            )


def settings_of(file: Path | None) -> dict[str, str]:
    """Lines of ``name=value``; empty lines and those that begin with # count for nothing.

    Raises:
        InputError: The file cannot be read.
        UsageError: A line is none.
    """
    if file is None:
        return {}
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {file}.", hint="Check the permissions.") from error
    found = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"{file.name}, line {number}: expected name=value", hint="one setting a line")
        found[name.strip()] = value.strip()
    return found
