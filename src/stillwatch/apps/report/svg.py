"""Small charts as inline SVG: pure functions from values to markup, without script, style attributes or outside resources.

Colours come from classes of the page's style sheet, so that light, dark and print agree. Shape, dash or size always says
the same as colour. All text passes :func:`text_of`; nothing from a log reaches an attribute.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from stillwatch._internal.text import shorten, terminal_safe
from stillwatch.apps.wording import share, short
from stillwatch.campaigns.model import Bin, Campaign, Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.apps.report.layout import Drawn, Positions

WIDTH = 760
KINDS_DRAWN = 6


def text_of(text: str) -> str:
    """Text from anywhere, safe inside an element."""
    return str(escape(terminal_safe(text)))


def _markup(text: str) -> Markup:
    """Mark finished SVG as safe: built of numbers, our own class names, and text that passed :func:`text_of`."""
    return Markup(text)  # noqa: S704


def _svg(name: str, height: float, title: str, body: list[str], *, width: float = WIDTH) -> Markup:
    head = (
        f'<svg class="chart {name}" viewBox="0 0 {width:g} {height:g}" role="img" xmlns="http://www.w3.org/2000/svg">'
    )
    return _markup(f"{head}<title>{text_of(title)}</title>{''.join(body)}</svg>")


def _label(x: float, y: float, text: str, *, anchor: str = "start", name: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{name}">{text_of(text)}</text>'


def _box(x: float, y: float, width: float, height: float, name: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}" class="{name}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{name}"/>'


def nice_ticks(top: float, wanted: int = 4) -> list[float]:
    """Round values from 0 to at least ``top``, in steps of 1, 2 or 5 times a power of ten."""
    if not math.isfinite(top) or top <= 0:
        return [0.0, 1.0]
    raw = top / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw)
    return [step * index for index in range(math.ceil(top / step) + 1)]


def merged(bins: Sequence[Bin], limit: int) -> list[Bin]:
    """The same traffic in at most ``limit`` bins; accounts of merged bins are the most seen in one of them."""
    size = max(1, math.ceil(len(bins) / max(1, limit)))
    groups = [bins[at : at + size] for at in range(0, len(bins), size)]
    return [
        Bin(
            group[0].start,
            sum(each.exchanges for each in group),
            sum(each.extraction for each in group),
            max(each.accounts for each in group),
        )
        for group in groups
    ]


def step_of(bins: Sequence[Bin]) -> timedelta:
    """The length of a bin: the smallest distance between two starts, an hour where there is only one."""
    gaps = [after.start - before.start for before, after in pairwise(bins)]
    return min((gap for gap in gaps if gap > timedelta(0)), default=timedelta(hours=1))


def _days(first: datetime, last: datetime, wanted: int = 8) -> list[datetime]:
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight < first:
        midnight += timedelta(days=1)
    every = max(1, math.ceil((last - first).total_seconds() / 86400 / wanted))
    days = []
    while midnight <= last:
        days.append(midnight)
        midnight += timedelta(days=every)
    return days


def timeline(bins: Sequence[Bin], flagged_at: datetime, title: str) -> Markup:
    """Exchanges (outlined) and extraction among them (solid) a bin of log time, the moment of the flag marked."""
    height, left, right, top, bottom = 220.0, 52.0, 12.0, 26.0, 30.0
    step = step_of(bins)
    first, last = bins[0].start, bins[-1].start + step
    length = (last - first).total_seconds()
    ticks = nice_ticks(max(max(each.exchanges, each.extraction) for each in bins))
    plot_w, plot_h = WIDTH - left - right, height - top - bottom

    def x(moment: datetime) -> float:
        return left + plot_w * min(1.0, max(0.0, (moment - first).total_seconds() / length))

    def y(value: float) -> float:
        return top + plot_h * (1.0 - value / ticks[-1])

    body = []
    for tick in ticks:
        body.append(_line(left, y(tick), WIDTH - right, y(tick), "grid"))
        body.append(_label(left - 8, y(tick) + 4, short(tick), anchor="end", name="axis"))
    for day in _days(first, last):
        body.append(_line(x(day), height - bottom, x(day), height - bottom + 5, "tick"))
        body.append(_label(x(day), height - 10, day.strftime("%d %b"), anchor="middle", name="axis"))
    width = plot_w * step.total_seconds() / length
    gap = min(2.0, width * 0.2)
    for each in bins:
        body.append(_box(x(each.start), y(each.exchanges), width - gap, y(0) - y(each.exchanges), "ordinary"))
        body.append(_box(x(each.start), y(each.extraction), width - gap, y(0) - y(each.extraction), "extraction"))
    body.append(_line(left, y(0), WIDTH - right, y(0), "base"))
    mark = x(flagged_at)
    body.append(_line(mark, top - 12, mark, height - bottom, "flag"))
    side, shift = ("end", -6.0) if mark > WIDTH * 0.7 else ("start", 6.0)
    body.append(
        _label(mark + shift, top - 10, f"flagged {flagged_at.astimezone(UTC):%d %b %H:%M}", anchor=side, name="mark")
    )
    return _svg("timeline", height, title, body)


def coverage(
    names: Sequence[str],
    columns: Sequence[datetime],
    values: Sequence[Sequence[float]],
    totals: Sequence[float],
    title: str,
) -> Markup:
    """Capabilities (rows) over log time (columns): the area of a square grows with the share of that time's traffic."""
    left, right, top, row = 168.0, 56.0, 6.0, 34.0
    height = top + row * len(names) + 26.0
    cell = (WIDTH - left - right) / max(1, len(columns))
    side = min(cell - 1.0, row - 4.0)
    largest = max((value for line in values for value in line), default=0.0) or 1.0
    body = []
    for at, name in enumerate(names):
        middle = top + row * (at + 0.5)
        body.append(_line(left, middle, WIDTH - right, middle, "grid"))
        body.append(_label(left - 12, middle + 4, shorten(name, 24), anchor="end", name="name"))
        body.append(_label(WIDTH - 4, middle + 4, share(totals[at]), anchor="end", name="value"))
        for column, value in enumerate(values[at]):
            edge = side * math.sqrt(max(0.0, value) / largest)
            if edge >= 0.8:
                body.append(_box(left + cell * (column + 0.5) - edge / 2, middle - edge / 2, edge, edge, "square"))
    every = max(1, math.ceil(len(columns) / 9))
    for column in range(0, len(columns), every):
        moment = columns[column].astimezone(UTC)
        body.append(
            _label(left + cell * (column + 0.5), height - 8, moment.strftime("%d %b"), anchor="middle", name="axis")
        )
    return _svg("coverage", height, title, body)


def bars(parts: Sequence[Share], title: str, *, unmeasured: Sequence[str] = ()) -> Markup:
    """Shares as horizontal bars; a part whose recognition was never measured is dashed and starred."""
    left, right, row = 168.0, 56.0, 26.0
    height = row * max(1, len(parts)) + 6.0
    room = WIDTH - left - right
    top = max((part.share for part in parts), default=1.0) or 1.0
    body = []
    for at, part in enumerate(parts):
        open_label = part.name in unmeasured
        middle = row * (at + 0.5) + 3.0
        body.append(
            _label(
                left - 12, middle + 4, shorten(part.name, 23) + ("*" if open_label else ""), anchor="end", name="name"
            )
        )
        body.append(_box(left, middle - 8, room * max(0.0, part.share) / top, 16, "bar open" if open_label else "bar"))
        body.append(_label(left + room * max(0.0, part.share) / top + 8, middle + 4, share(part.share), name="value"))
    return _svg("bars", height, title, body)


def lanes(campaigns: Sequence[Campaign], first: datetime, last: datetime, title: str) -> Markup:
    """All campaigns over the log's time: first to last exchange, the moment of the flag, an open end where still running."""
    left, right, top, row = 142.0, 24.0, 4.0, 28.0
    height = top + row * len(campaigns) + 26.0
    length = max(1.0, (last - first).total_seconds())

    def x(moment: datetime) -> float:
        return left + (WIDTH - left - right) * min(1.0, max(0.0, (moment - first).total_seconds() / length))

    body = []
    for day in _days(first, last):
        body.append(_line(x(day), top, x(day), height - 24, "grid"))
        body.append(_label(x(day), height - 8, day.strftime("%d %b"), anchor="middle", name="axis"))
    for at, each in enumerate(campaigns):
        middle = top + row * (at + 0.5)
        body.append(_label(left - 12, middle + 4, shorten(each.campaign_id, 17), anchor="end", name="name"))
        body.append(_box(x(each.first_seen), middle - 5, x(each.flagged_at) - x(each.first_seen), 10, "before"))
        body.append(_box(x(each.flagged_at), middle - 5, x(each.last_seen) - x(each.flagged_at), 10, "after"))
        body.append(_line(x(each.flagged_at), middle - 10, x(each.flagged_at), middle + 10, "flag"))
        if each.active:
            end = x(each.last_seen)
            body.append(f'<path d="M{end:.1f} {middle - 7:.1f}l9 7l-9 7z" class="after"/>')
    return _svg("lanes", height, title, body)


def kinds_of(drawn: Drawn) -> list[str]:
    """Kinds of link by weight drawn; those beyond the palette share its last entry."""
    weight: dict[str, float] = {}
    for edge in drawn.edges:
        weight[edge.kind] = weight.get(edge.kind, 0.0) + edge.weight
    return sorted(weight, key=lambda kind: (-weight[kind], kind))


def network(drawn: Drawn, places: Positions, title: str) -> Markup:
    """The linked set: accounts as circles (hollow where one partner alone holds them), links by kind as lines."""
    height, edge_room = 430.0, 30.0
    kinds = kinds_of(drawn)
    xs = edge_room + places[:, 0] * (WIDTH - 2 * edge_room)
    ys = edge_room + places[:, 1] * (height - 2 * edge_room)
    index = {name: row for row, name in enumerate(drawn.nodes)}
    body = []
    for at in range(min(len(kinds), KINDS_DRAWN) - 1, -1, -1):
        wanted = set(kinds[at:]) if at == KINDS_DRAWN - 1 else {kinds[at]}
        pairs = ((index[edge.a], index[edge.b]) for edge in drawn.edges if edge.kind in wanted)
        path = "".join(f"M{xs[a]:.0f} {ys[a]:.0f}L{xs[b]:.0f} {ys[b]:.0f}" for a, b in pairs)
        body.append(f'<path d="{path}" class="link k{at}"/>')
    most = max(drawn.degree, default=1) or 1
    for row, name in enumerate(drawn.nodes):
        radius = 3.2 + 4.2 * math.sqrt(drawn.degree[row] / most)
        state = "node loose" if drawn.degree[row] <= 1 else "node"
        tip = text_of(f"{shorten(name, 60)}: {drawn.degree[row]} partners drawn")
        body.append(
            f'<circle cx="{xs[row]:.1f}" cy="{ys[row]:.1f}" r="{radius:.1f}" class="{state}"><title>{tip}</title></circle>'
        )
    return _svg("network", height, title, body)


def swatch(at: int) -> Markup:
    """The line of the ``at``-th kind of link, for the legend."""
    body = [f'<path d="M2 6L34 6" class="link k{min(at, KINDS_DRAWN - 1)}"/>']
    return _markup(f'<svg class="swatch" viewBox="0 0 36 12" aria-hidden="true">{"".join(body)}</svg>')


def spark(values: Sequence[float]) -> Markup:
    """A line of values without axes, for a table cell; the table itself has the figures."""
    if len(values) < 2 or max(values) <= 0:
        return Markup("")
    top = max(values)
    points = " ".join(
        f"{2 + 92 * at / (len(values) - 1):.1f},{22 - 20 * max(0.0, value) / top:.1f}"
        for at, value in enumerate(values)
    )
    return _markup(f'<svg class="spark" viewBox="0 0 96 24" aria-hidden="true"><polyline points="{points}"/></svg>')


def strength(log10_e: float | None, needed: float) -> Markup:
    """One piece of evidence as a bar on the scale of log10 e, the run's threshold marked."""
    if log10_e is None or not math.isfinite(log10_e):
        return Markup("")
    top = max(needed * 1.5, 10.0)
    body = _box(0, 3, 118 * min(1.0, max(0.0, log10_e / top)), 6, "bar")
    body += _line(118 * needed / top, 0, 118 * needed / top, 12, "need")
    return _markup(
        f'<svg class="strength" viewBox="0 0 120 12" aria-hidden="true">{_box(0, 3, 118, 6, "rail")}{body}</svg>'
    )
