from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from stillwatch._internal.text import terminal_safe
from stillwatch.apps.report import Limits, render
from stillwatch.campaigns.model import Decision
from stillwatch.testing import HOSTILE_TEXTS, make_campaign, make_result, make_verdict, with_text_everywhere

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "main", "nav", "section", "article", "footer"),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "span",
        "strong",
        "bdi",
        "code",
        "br",
        "div",
        "dl",
        "dt",
        "dd",
        "ol",
        "ul",
        "li",
        "time",
        "blockquote",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
    *("svg", "rect", "line", "path", "circle", "polyline", "text"),
}
ATTRIBUTES = {
    *(
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "href",
        "scope",
        "tabindex",
        "role",
        "aria-label",
    ),
    *(
        "aria-labelledby",
        "aria-hidden",
        "datetime",
        "viewbox",
        "xmlns",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "width",
        "height",
    ),
    *("d", "cx", "cy", "r", "points", "text-anchor"),
}
VOID = {"meta", "br", "rect", "line", "path", "polyline"}


class Page(HTMLParser):
    """Collects what a browser would see; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.words, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def result():
    return make_result()


@pytest.fixture(scope="module")
def page(result):
    return Page(render(result))


def plain(text):
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_only_known_tags_and_attributes(page):
    assert set(page.tags) <= TAGS
    assert {name for _, name, _ in page.attributes} <= ATTRIBUTES


def test_nothing_outside_the_file_is_asked_for(page):
    links = [value for _, name, value in page.attributes if name == "href"]
    assert links
    assert all(value.startswith("#") for value in links)
    assert {value[1:] for value in links} <= set(page.ids)
    assert "url(" not in " ".join(page.words)
    assert "@import" not in " ".join(page.words)


def test_the_policy_forbids_all_but_the_one_style_sheet(result):
    text = render(result)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    css = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_ids_are_unique_and_references_resolve(page):
    assert len(page.ids) == len(set(page.ids))
    named = {each for _, name, value in page.attributes if name == "aria-labelledby" for each in value.split()}
    assert named <= set(page.ids)


def test_landmarks_language_captions_and_titles(page):
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("main") == 1
    assert page.tags.count("h1") == 1
    assert {"header", "nav", "footer"} <= set(page.tags)
    assert page.tags.count("caption") == page.tags.count("table")
    charts = sum(1 for tag, name, value in page.attributes if tag == "svg" and name == "role" and value == "img")
    hidden = sum(1 for tag, name, _ in page.attributes if tag == "svg" and name == "aria-hidden")
    assert charts >= 4 * 3 + 1
    assert charts + hidden == page.tags.count("svg")


def test_a_chart_has_its_title_first(result):
    for svg in re.findall(r'<svg class="chart[^>]*>(.{7})', render(result)):
        assert svg == "<title>"


def test_every_section_says_its_part(page, result):
    text = plain(page.text)
    for words in (
        "3 campaigns of 114 accounts in 581 204 exchanges",
        "log10 e = 15.4",
        "declared synthetic data",
        "Not ruled out.",
        "The accounts draw from one common mix of topics",
        "a classroom working through one sheet",
        "Innocent explanations considered",
        "same benchmark items, but verified and declared as evaluation",
        "throttle to 5 an hour",
        "flagged 09 Oct 10:00",
        "Sets nearest to being flagged",
        "one campus network explains the link",
        "there is too little to say",
        "fewer than 5 exchanges",
        "48 records could not be read",
        "not a time: expected RFC 3339",
        "at most 1 % are expected to be innocent",
        "1 840",
        "A campaign of one account.",
        "metadata-only",
        "payment token",
        "No text was kept.",
    ):
        assert words in text, words
    for campaign in result.campaigns:
        assert all(account in text for account in campaign.account_ids)


def test_campaigns_stand_in_the_order_of_harm_and_confidence(result):
    text = render(result)
    places = [text.index(f'id="campaign-{rank}"') for rank in (1, 2, 3)]
    assert places == sorted(places)
    assert [each.split("</bdi>")[0] for each in re.findall(r'class="rank">\d</span> <bdi>(.*?</bdi>)</h2>', text)] == [
        "c-7f3a91",
        "c-5b2210",
        "c-pool01",
    ]


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_text_in_every_field_is_only_text(result, page, hostile):
    attacked = Page(render(with_text_everywhere(result, hostile)))
    assert attacked.tags == page.tags
    unlike = [(a, b) for a, b in zip(attacked.attributes, page.attributes, strict=True) if a != b]
    assert {name for (_, name, _), _ in unlike} == set()
    assert not set("\x1b\x07\u202e\u2066\u200b") & set(attacked.text)
    assert " ".join(terminal_safe(hostile).split()) in attacked.text


def test_the_hostile_builder_reaches_every_field(result):
    attacked = msgspec.json.encode(with_text_everywhere(result, "MARK")).decode()
    for value in re.findall(r'":"((?:[^"\\]|\\.)*)"', attacked):
        fixed = value in {"extraction", "broker", "flagged", "not-flagged", "not-decidable"} or re.fullmatch(
            r"\d{4}-\d\d-\d\dT.*Z", value
        )
        assert fixed or value.startswith("MARK"), value


def test_a_run_without_findings_says_so(result):
    text = plain(Page(render(make_result(campaigns=0))).text)
    assert "No campaign found in 581 204 exchanges" in text
    assert "what came nearest is below" in text
    nothing = make_result(campaigns=0, near=0, benign=0)
    empty = msgspec.structs.replace(
        nothing,
        log=msgspec.structs.replace(nothing.log, exchanges=0, accounts=0, first=None, last=None, with_text=False),
        rejected=(),
        reject_samples=(),
    )
    text = Page(render(empty)).text
    assert "No other set came near." in text
    assert "None: every record was read." in text
    assert "No text was read" in text


def test_a_bare_campaign_renders():
    full = make_campaign()
    names = (
        "capabilities",
        "elicitation",
        "models",
        "infrastructure",
        "links",
        "alternatives",
        "account_ids",
        "claims",
        "considered",
        "edges",
        "timeline",
        "slices",
        "examples",
        "neighbours",
        "effects",
        "previous_ids",
    )
    bare = msgspec.structs.replace(
        full, **dict.fromkeys(names, ()), conversations=None, tokens=None, novel_prompts=None, rides_on=None
    )
    text = Page(render(msgspec.structs.replace(make_result(campaigns=0), campaigns=(bare,)))).text
    assert full.summary in text
    assert "None was found to fit." in text


def test_what_is_left_out_is_counted():
    result = make_result()
    small = Limits(graph_nodes=10, graph_links=12, link_rows=5, accounts=7, near=1, bins=10, slices=4)
    text = plain(Page(render(result, limits=small)).text)
    assert "Left out: 28 accounts and" in text
    assert "31 accounts more in verdicts.parquet" in text
    assert f"The 5 strongest of {len(result.campaigns[0].edges)} links, one by one" in text
    assert "2 sets more in run.json" in text


def test_the_same_result_gives_the_same_page(result):
    assert render(result) == render(result)


def test_a_large_campaign_stays_bounded():
    campaign = make_campaign(accounts=900, days=14)
    verdicts = tuple(make_verdict(name, campaign=campaign, decision=Decision.FLAGGED) for name in campaign.account_ids)
    text = render(msgspec.structs.replace(make_result(campaigns=0), campaigns=(campaign,), verdicts=verdicts))
    assert text.count("<circle") == 150
    assert len(text) < 1_000_000
