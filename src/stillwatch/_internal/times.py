"""Times: microseconds since 1970, as the log counts them, and aware UTC times, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(us: int) -> datetime:
    """Microseconds since 1970 as an aware time."""
    return EPOCH + timedelta(microseconds=int(us))


def microseconds(at: datetime) -> int:
    """An aware time as microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)
