"""The seam between one log format and the exchange log.

An adapter is a pure function from one record to exchanges. It never raises for what a record holds: what cannot
be used becomes a :class:`BadRecord`, what is no exchange at all (a tool span, a health check) a
:class:`NotAnExchange`. Both are counted by the ingest, only the first against the reject budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from stillwatch.events.adapters.fields import Fields, Malformed, canonical, dig, kind, well_formed
from stillwatch.events.model import Exchange

_CREDENTIAL_PREFIXES = ("bearer ", "basic ", "sk-", "sk_", "api-key ", "aiza")


class BadRecord(msgspec.Struct, frozen=True):
    """A record, or one exchange of it, that cannot be used: which field, and why. Never holds the record's text."""

    field: str
    reason: str


class NotAnExchange(msgspec.Struct, frozen=True):
    """A record that is sound but no request to a model; counted by its reason, not held against the source."""

    reason: str


class Mended(msgspec.Struct, frozen=True):
    """An exchange in which something was mended or lost: each as ``field: what``. It stays, and the loss is counted."""

    exchange: Exchange
    repairs: tuple[str, ...]


Read: TypeAlias = Exchange | Mended | NotAnExchange
Outcome: TypeAlias = Read | BadRecord
Record: TypeAlias = Mapping[str, object]


class Caller(NamedTuple):
    """Where a request came from, as another log has it."""

    ip: str | None
    user_agent: str | None


class SpanEvent(NamedTuple):
    """One event that belongs to a span: its name, its time (Unix nanoseconds, 0 where unknown), its content."""

    name: str
    time: int
    content: Record


class SpanEvents(Protocol):
    """Events that were logged apart from their spans, by the span's key."""

    def of(self, span: str) -> tuple[SpanEvent, ...] | None:
        """The events of a span in the order of their times; None where there are too many to be one request's."""

    def is_call(self, span: str) -> bool:
        """Whether the log holds this span and it is a model call."""


class NoSpanEvents:
    """For logs without such events, and for records looked at one by one."""

    def of(self, _span: str) -> tuple[SpanEvent, ...]:
        """None."""
        return ()

    def is_call(self, _span: str) -> bool:
        """Not known."""
        return False


class AdapterContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter needs beside the record.

    Attributes:
        hash_key: Key of all keyed hashes, 16 to 64 bytes.
        callers: Address and user agent by request id, from CloudTrail.
        requests: Request bodies of batches by ``custom_id``.
        span_events: Message events of spans, logged as records of their own.
        account_fields: Where to look for the account first: names or dotted paths in the record.
        default_account: Account of records that name none.
        default_time: Time of records that carry none (batch result files).
    """

    hash_key: bytes
    callers: Mapping[str, Caller] = msgspec.field(default_factory=dict)
    requests: Mapping[str, Record] = msgspec.field(default_factory=dict)
    span_events: SpanEvents = msgspec.field(default_factory=NoSpanEvents)
    account_fields: tuple[str, ...] = ()
    default_account: str | None = None
    default_time: datetime | None = None


class Adapter(Protocol):
    """One log format."""

    @property
    def name(self) -> str:
        """What ``--format`` calls it."""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the format that were read when the adapter was written."""

    def sniff(self, record: Record) -> bool:
        """Whether the record looks like this format; used on the first records of a file."""

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """The exchanges of one record, in order. Never raises for what the record holds."""


def attempt(read: Callable[[], Read]) -> Outcome:
    """Run one conversion; a malformed field becomes a :class:`BadRecord`."""
    try:
        return read()
    except Malformed as error:
        return BadRecord(field=error.field, reason=error.reason)
    except RecursionError:
        return BadRecord(field="", reason="nested too deeply")


def each(values: Iterable[object], field: str, read: Callable[[Record], Read]) -> list[Outcome]:
    """Convert the members of a list one by one, so that a bad one does not take the others with it."""
    found: list[Outcome] = []
    for value in values:
        if isinstance(value, Mapping):
            found.append(attempt(lambda value=value: read(value)))  # type: ignore[misc]
        else:
            found.append(BadRecord(field=field, reason=f"expected an object, found {kind(value)}"))
    return found


def mended(exchange: Exchange, repairs: Iterable[str]) -> Exchange | Mended:
    """The exchange, with its repairs where there are any."""
    found = tuple(repairs)
    return Mended(exchange, found) if found else exchange


def account_of(record: Record, fields: Fields, context: AdapterContext, *names: str) -> str:
    """The account: the caller's choice of fields first, then the format's own names, then the default.

    A value that looks like a credential is replaced by its keyed hash at once: keys must not reach the log.
    """
    for path in context.account_fields:
        value = Fields({path: dig(record, path)}).ident(path)
        if value is not None:
            return hide_credential(value, context.hash_key)
    found = fields.ident(*names) if names else None
    if found is not None:
        return hide_credential(found, context.hash_key)
    if context.default_account is not None:
        return context.default_account
    raise Malformed(names[0] if names else "account", "no account: name its field with --account-field")


def hide_credential(value: str, key: bytes) -> str:
    """An account identifier; where it is a credential (bearer token, API key), its keyed hash."""
    if value.lower().startswith(_CREDENTIAL_PREFIXES):
        return "key_" + blake2b(well_formed(value).encode(), key=key, digest_size=12, person=b"credential").hexdigest()
    return value


def made_id(record: object, key: bytes) -> str:
    """An identifier for a record that has none: a keyed hash of its content, the same on every run."""
    return "h_" + blake2b(canonical(record).encode(), key=key, digest_size=16, person=b"exchange-id").hexdigest()


def moment_of(fields: Fields, context: AdapterContext, *names: str) -> datetime:
    """The time of the request, or the run's default time, or a malformed record."""
    moment = fields.instant(*names) or context.default_time
    if moment is None:
        raise fields.fail(names[0], "missing; --default-time can stand in")
    return moment


def client_of(headers: Mapping[str, object]) -> str | None:
    """The client fingerprint: the SDK's own headers joined by a bar, in a fixed order, gaps left empty.

    Source: the ``x-stainless-*`` headers of the generated SDKs (OpenAI, Anthropic and others).
    """
    lowered = {str(name).lower(): value for name, value in headers.items()}
    values = [lowered.get(f"x-stainless-{part}") for part in _STAINLESS]
    if not any(isinstance(value, str) and value for value in values):
        return None
    return "|".join(value if isinstance(value, str) else "" for value in values)


def header(headers: Mapping[str, object], name: str) -> str | None:
    """One header's text by name, whatever its case."""
    for key, value in headers.items():
        if str(key).lower() == name and isinstance(value, str) and value:
            return value
    return None


_STAINLESS = ("lang", "package-version", "runtime", "runtime-version", "os", "arch")
