"""Typed reading of untyped records: every adapter takes its values through :class:`Fields`.

Logs are written by other people's programs, so any field may be missing or of a wrong type. A reader that
finds something wrong raises :class:`Malformed` with the field's full name and a reason; the adapter's outer
function turns it into a :class:`~stillwatch.events.adapters.protocol.BadRecord`. The reason never quotes the
value: it may be a prompt or a credential.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

INT32_MAX = 2**31 - 1
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 200


class Malformed(ValueError):
    """A field that cannot be used, found while reading one record."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep the field's name and the reason apart."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Fields:
    """A read-only view of one JSON object that knows where in the record it stands.

    Methods take one or more names and use the first that is present; ``None`` and ``""`` count as absent,
    since exporters write both for "not known".
    """

    def __init__(self, values: Mapping[str, object], prefix: str = "") -> None:
        """View ``values``; ``prefix`` is prepended to names in reasons."""
        self.values = values
        self.prefix = prefix

    def find(self, *names: str) -> tuple[str, object]:
        """The first name that is present and its value; ``(first name, None)`` when none is."""
        for name in names:
            value = self.values.get(name)
            if value is not None and not (isinstance(value, str) and value == ""):
                return name, value
        return names[0], None

    def has(self, *names: str) -> bool:
        """Whether any of the names carries a value."""
        return self.find(*names)[1] is not None

    def raw(self, *names: str) -> object:
        """The first present value as it stands."""
        return self.find(*names)[1]

    def fail(self, name: str, reason: str) -> Malformed:
        """An error about field ``name`` of this object."""
        return Malformed(self.prefix + name, reason)

    def text(self, *names: str) -> str | None:
        """A string, or None when absent."""
        name, value = self.find(*names)
        if value is None or isinstance(value, str):
            return value
        raise self.fail(name, f"expected text, found {kind(value)}")

    def ident(self, *names: str) -> str | None:
        """An identifier: a string, or a whole number written without quotes."""
        name, value = self.find(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is None or isinstance(value, str):
            return value
        raise self.fail(name, f"expected an identifier, found {kind(value)}")

    def need(self, *names: str) -> str:
        """An identifier or name that must be there."""
        value = self.ident(*names)
        if value is None:
            raise self.fail(names[0], "missing")
        return value

    def integer(self, *names: str, limit: int = INT32_MAX) -> int | None:
        """A whole number from 0 to ``limit``; digits in a string are accepted (OTLP/JSON writes them so)."""
        name, value = self.find(*names)
        if value is None:
            return None
        number = _whole(value)
        if number is None:
            raise self.fail(name, f"expected a whole number, found {kind(value)}")
        if not 0 <= number <= limit:
            raise self.fail(name, f"outside 0 to {limit}")
        return number

    def number(self, *names: str) -> float | None:
        """A finite number."""
        name, value = self.find(*names)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise self.fail(name, "expected a number, found text") from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(name, f"expected a number, found {kind(value)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not abs(number) <= 3.4e38:  # also false for NaN; the limit of the contract's float32
            raise self.fail(name, "not a finite number")
        return number

    def flag(self, *names: str) -> bool | None:
        """True or false, also written as text."""
        name, value = self.find(*names)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise self.fail(name, f"expected true or false, found {kind(value)}")

    def instant(self, *names: str) -> datetime | None:
        """A time as ISO 8601 text or Unix seconds, milliseconds, microseconds or nanoseconds; UTC where no zone is given."""
        name, value = self.find(*names)
        if value is None:
            return None
        moment = _moment(value)
        if moment is None:
            raise self.fail(name, f"expected a time (ISO 8601 or Unix), found {kind(value)}")
        if not EARLIEST <= moment < LATEST:
            raise self.fail(name, "time outside the years 2000 to 2100")
        return moment

    def child(self, *names: str) -> Fields:
        """A nested object; an empty one when absent."""
        name, value = self.find(*names)
        if value is None:
            return Fields({}, f"{self.prefix}{name}.")
        if isinstance(value, Mapping):
            return Fields(value, f"{self.prefix}{name}.")
        raise self.fail(name, f"expected an object, found {kind(value)}")

    def json_child(self, *names: str) -> Fields:
        """A nested object that some exporters write as JSON text."""
        name, value = self.find(*names)
        decoded = parsed(value)
        if isinstance(decoded, str):
            raise self.fail(name, "expected an object, found text that is no JSON")
        return Fields({name: decoded}, self.prefix).child(name)

    def items(self, *names: str) -> Sequence[object]:
        """A list; an empty one when absent."""
        name, value = self.find(*names)
        if value is None:
            return ()
        if isinstance(value, list | tuple):
            return value
        raise self.fail(name, f"expected a list, found {kind(value)}")


def kind(value: object) -> str:
    """The JSON name of a value's type, for reasons."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return "null" if value is None else type(value).__name__


def parsed(value: object) -> object:
    """JSON text decoded; anything else, and text that is no JSON object or list, as it stands."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return value
    return value


def is_one_of(value: object, choices: frozenset[str]) -> bool:
    """Whether a value is text and one of ``choices``; never raises for values that cannot be hashed."""
    return isinstance(value, str) and value in choices


def dig(record: Mapping[str, object], path: str) -> object:
    """A value by its whole name or by a dotted path (``metadata.user_api_key_hash``); None when absent."""
    if path in record:
        return record[path]
    current: object = record
    for step in path.split("."):
        if not isinstance(current, Mapping):
            return None
        current = current.get(step)
    return current


def canonical(value: object) -> str:
    """JSON text with sorted keys, the same for equal values however they were written."""
    return msgspec.json.encode(_plain(value, 0), order="sorted").decode("utf-8", "replace")


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be written as UTF-8."""
    if text.isascii():
        return text
    # By way of UTF-16, so that two halves that belong together become the one character they mean.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(value: object, depth: int) -> object:
    """A copy that encodes without surprises: text keys, no lone surrogates, finite depth."""
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed(str(key)): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, float):
        # 1 and 1.0 are the same argument to a tool; NaN and infinity have no JSON form.
        return (int(value) if value.is_integer() and abs(value) < 2**53 else value) if math.isfinite(value) else None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value if value is None or isinstance(value, bool | int) else well_formed(str(value))


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float):
            return _from_epoch(value)
        elif isinstance(value, str):
            stamp = value.strip()
            if stamp.replace(".", "", 1).isdigit() and stamp.isascii() and len(stamp) > 8:
                return _from_epoch(float(stamp) if "." in stamp else int(stamp))
            moment = datetime.fromisoformat(stamp)
        else:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _from_epoch(value: float) -> datetime | None:
    """Unix time in the unit its size tells: seconds below 1e11, then milli-, micro- and nanoseconds."""
    if not math.isfinite(value):
        return None
    for limit, per_second in ((1e11, 1), (1e14, 10**3), (1e17, 10**6), (1e20, 10**9)):
        if abs(value) < limit:
            microseconds = (
                value * 10**6 // per_second if isinstance(value, int) else round(value * (10**6 / per_second))
            )
            return _EPOCH + timedelta(microseconds=microseconds)
    return None
