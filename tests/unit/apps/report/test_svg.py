from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from stillwatch.apps.report import svg
from stillwatch.apps.report.layout import force_layout, select
from stillwatch.campaigns.model import Bin, Edge, Share
from stillwatch.testing import make_campaign

START = datetime(2026, 10, 5, tzinfo=UTC)


def parsed(markup):
    return ET.fromstring(str(markup))


def boxes(markup, name):
    return [each for each in parsed(markup).iter() if each.get("class") == name]


def test_bars_of_the_timeline_are_proportional():
    bins = [Bin(START, 100, 40.0, 3), Bin(START + timedelta(hours=6), 50, 50.0, 2)]
    chart = svg.timeline(bins, START + timedelta(hours=6), "t")
    tall, low = boxes(chart, "ordinary")
    assert float(tall.get("height")) == pytest.approx(2 * float(low.get("height")), abs=0.2)
    first, second = boxes(chart, "extraction")
    assert float(first.get("height")) == pytest.approx(0.4 * float(tall.get("height")), abs=0.2)
    assert float(second.get("height")) == pytest.approx(float(low.get("height")), abs=0.1)
    (flag,) = boxes(chart, "flag")
    assert float(flag.get("x1")) == pytest.approx(float(low.get("x")), abs=0.2)


def test_a_flag_outside_the_bins_stays_on_the_chart():
    chart = svg.timeline([Bin(START, 1, 1.0, 1)], START + timedelta(days=400), "t")
    assert 0 <= float(boxes(chart, "flag")[0].get("x1")) <= svg.WIDTH


@pytest.mark.parametrize("top", [0, 1e-6, 0.3, 7, 99, 100, 101, 12_345, 3e9, math.nan, math.inf])
def test_ticks_are_round_and_reach_the_top(top):
    ticks = svg.nice_ticks(top)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 7
    if math.isfinite(top):
        assert ticks[-1] >= top * 0.999999


def test_merged_bins_keep_the_totals():
    bins = [Bin(START + timedelta(hours=at), at, at / 2, at % 5) for at in range(100)]
    merged = svg.merged(bins, 12)
    assert len(merged) <= 12
    assert sum(each.exchanges for each in merged) == sum(range(100))
    assert sum(each.extraction for each in merged) == pytest.approx(sum(range(100)) / 2)
    assert merged[0].accounts == 4


def test_areas_of_the_coverage_chart_are_proportional():
    chart = svg.coverage(["a", "b"], [START, START + timedelta(days=1)], [[0.8, 0.2], [0.2, 0.8]], [0.5, 0.5], "t")
    areas = [float(each.get("width")) * float(each.get("height")) for each in boxes(chart, "square")]
    assert areas[0] / areas[1] == pytest.approx(4, rel=0.02)


def test_an_unmeasured_bar_is_marked_without_colour():
    chart = svg.bars([Share("answer", 0.6), Share("trajectory", 0.4)], "t", unmeasured=("trajectory",))
    assert len(boxes(chart, "bar open")) == 1
    assert "trajectory*" in str(chart)


def test_hollow_circles_hang_on_one_partner():
    edges = [Edge(a="a", b="b", kind="k", weight=1, words=""), Edge(a="b", b="c", kind="k", weight=1, words="")]
    drawn = select(("a", "b", "c"), edges)
    chart = svg.network(drawn, force_layout(drawn), "t")
    assert len(boxes(chart, "node loose")) == 2
    assert len(boxes(chart, "node")) == 1


def test_more_kinds_than_dashes_share_the_last():
    names = [f"n{at}" for at in range(12)]
    edges = [Edge(a=names[at], b=names[at + 1], kind=f"kind {at}", weight=20 - at, words="") for at in range(11)]
    drawn = select(names, edges)
    chart = str(svg.network(drawn, force_layout(drawn), "t"))
    assert chart.count('class="link') == svg.KINDS_DRAWN
    assert chart.count("M") == 11
    assert 'class="link k5"' in str(svg.swatch(9))


def test_text_is_escaped_and_its_controls_shown():
    chart = str(svg.bars([Share('<script>"\u202e', 1.0)], "</title><x>"))
    assert "<script>" not in chart
    assert "\u202e" not in chart
    assert "<x>" not in chart


def test_charts_of_extreme_values_are_well_formed():
    campaign = make_campaign()
    parsed(svg.lanes([campaign], campaign.last_seen, campaign.last_seen, "t"))
    parsed(svg.bars([], "t"))
    parsed(svg.bars([Share("a", 0.0)], "t"))
    parsed(svg.timeline([Bin(START, 0, 0.0, 0)], START, "t"))
    parsed(svg.strength(1e9, 2.0))
    parsed(svg.strength(-5.0, 2.0))
    assert str(svg.strength(None, 2.0)) == ""
    assert str(svg.spark([0.0, 0.0])) == ""
    assert str(svg.spark([1.0])) == ""
