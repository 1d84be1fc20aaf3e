"""Sums per account: one row for each account of the log, whole numbers only.

Two definitions: :func:`integer_core` (volume, tokens, turns, hours of the day, gaps, exact distinct texts, addresses,
conversations and days) and :func:`all_sums`, which adds what an account varies in besides (clients, set-ups, models, ...).
Each grouping needs one shuffle by account where the rows lie elsewhere, and none of them brings a row to the driver.

Beside the distinct values of a kind stand ``_square`` (sum of squared counts, from which the collision entropy follows) and
``_most`` (the count of the most frequent value).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from stillwatch.detect.core.rows import canonical_rows, counted, known, where

if TYPE_CHECKING:
    from ibis.expr.types import Table

FAILED = 400
SECOND_US = 1_000_000
GAPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400)
"""Seconds between an account's consecutive exchanges, at most: columns ``gap_00001`` to ``gap_86400``."""
HOURS = tuple(range(24))
MOST_TOKENS = 65_535
"""Tokens above this count as this many in sums of squares, which then stay below 2^63 for two thousand million exchanges."""
BEFORE = -(1 << 61)
"""Time before an account's first exchange: the gap to it is above every threshold."""
KINDS = ("text", "address", "conversation")
"""What the core counts distinct values of, besides days."""
MORE_KINDS = ("client", "fingerprint", "setup", "model", "endpoint", "channel")
"""What :func:`all_sums` adds."""


def gap_name(seconds: int) -> str:
    """Column of gaps of at most so many seconds."""
    return f"gap_{seconds:05d}"


def hour_name(hour: int) -> str:
    """Column of exchanges in an hour of the day (UTC)."""
    return f"hour_{hour:02d}"


def volume(rows: Table) -> Table:
    """Counts, sums, least and most."""
    in_tokens, out_tokens = (ibis.least(t, MOST_TOKENS) for t in (rows.input_tokens, rows.output_tokens))
    return rows.group_by("account").agg(
        exchanges=rows.count(),
        failed=counted(rows.status >= FAILED),
        openings=counted(rows.turn <= 1),
        opened=counted((rows.turn <= 1) & (rows.status < FAILED)),
        turns=rows.turn.sum(),
        with_tools=counted(rows.n_tools > 0),
        tools=rows.n_tools.sum(),
        streamed=rows.stream.sum(),
        continued=counted(known(rows.context_in)),
        input_tokens=rows.input_tokens.sum(),
        output_tokens=rows.output_tokens.sum(),
        input_square=(in_tokens * in_tokens).sum(),
        output_square=(out_tokens * out_tokens).sum(),
        turn_most=rows.turn.max(),
        input_most=rows.input_tokens.max(),
        output_most=rows.output_tokens.max(),
        last_us=rows.ts_us.max(),
        input_least=rows.input_tokens.min(),
        output_least=rows.output_tokens.min(),
        first_us=rows.ts_us.min(),
    )


def hours(rows: Table) -> Table:
    """Exchanges by hour of the day: grouped by account and hour first, which is cheaper than 24 conditions a row."""
    each = rows.group_by("account", "hour").agg(times=rows.count())
    return each.group_by("account").agg(**{hour_name(h): where(each.hour == h, each.times).sum() for h in HOURS})


def gaps(rows: Table) -> Table:
    """Consecutive exchanges of an account that lie at most so far apart. The order of exchanges of one moment is no matter."""
    moments = rows.select("account", "ts_us")
    order = ibis.window(group_by="account", order_by="ts_us")
    before = moments.ts_us.lag(1, BEFORE).over(order)
    gap = moments.select("account", gap=moments.ts_us - before)
    counts = {gap_name(s): counted(gap.gap <= s * SECOND_US) for s in GAPS_S}
    return gap.group_by("account").agg(**counts)


def variety(rows: Table, kind: str) -> Table:
    """Distinct values of one kind, exactly, with ``_square`` and ``_most``; null is no value."""
    each = rows.group_by("account", kind).agg(times=rows.count())
    given = known(each[kind])
    return each.group_by("account").agg(
        **{
            f"{kind}_distinct": counted(given),
            f"{kind}_square": where(given, each.times * each.times).sum(),
            f"{kind}_most": where(given, each.times).max(),
        }
    )


def days(rows: Table) -> Table:
    """Days with an exchange, and the most exchanges in one day."""
    each = rows.group_by("account", "day").agg(times=rows.count())
    return each.group_by("account").agg(
        days=each.count(), day_square=(each.times * each.times).sum(), day_most=each.times.max()
    )


def active_hours(rows: Table) -> Table:
    """Clock hours (of all days) with an exchange, and the most exchanges in one of them."""
    each = rows.group_by("account", "look").agg(times=rows.count())
    return each.group_by("account").agg(hours_active=each.count(), hour_most=each.times.max())


def joined(parts: list[Table]) -> Table:
    """One row per account from tables that each have one for every account."""
    whole, *rest = parts
    for part in rest:
        others = [name for name in part.columns if name != "account"]
        whole = whole.join(part, "account").select(*whole.columns, *(part[name] for name in others))
    return whole


def core_parts(rows: Table) -> list[Table]:
    """The groupings of the integer core, one table each."""
    return [volume(rows), hours(rows), gaps(rows), days(rows), *(variety(rows, kind) for kind in KINDS)]


def more_parts(rows: Table) -> list[Table]:
    """The groupings that :func:`all_sums` adds."""
    return [active_hours(rows), *(variety(rows, kind) for kind in MORE_KINDS)]


def integer_core(rows: Table | None = None) -> Table:
    """The integer core, one row per account."""
    return joined(core_parts(canonical_rows() if rows is None else rows))


def all_sums(rows: Table | None = None) -> Table:
    """The integer core and what an account varies in besides, one row per account."""
    rows = canonical_rows() if rows is None else rows
    return joined([*core_parts(rows), *more_parts(rows)])
