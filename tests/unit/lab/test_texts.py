"""Texts: people differ from each other, corpora are wrapped, benchmarks repeat, and lengths agree with tokens."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from stillwatch.lab.rows import exchange_rows
from stillwatch.lab.schedule import schedule
from stillwatch.lab.wordings import WRAPPERS


def test_a_row_has_the_same_text_in_every_chunk(small):
    exchanges = schedule(small.world)
    part = exchange_rows(small.world, exchanges.cut(3_001, 3_400), 3_001)
    assert part.equals(small.log.slice(3_001, 399).combine_chunks())


def test_people_write_about_different_things_in_their_own_words(small):
    words = defaultdict(Counter)
    for row in small.of("people-chat"):
        words[row["account_id"]].update(row["prompt"].lower().split())
    often = [
        {w for w, n in counts.items() if len(w) > 5 and n > 1} for counts in words.values() if counts.total() > 300
    ]
    rng = np.random.default_rng(5)
    pairs = rng.integers(0, len(often), (300, 2))
    shared = [len(often[a] & often[b]) / max(1, len(often[a] | often[b])) for a, b in pairs if a != b]
    assert np.mean(shared) < 0.25


def test_people_keep_their_typing(small):
    lower = defaultdict(list)
    for row in small.of("people-chat"):
        lower[row["account_id"]].append(row["prompt"] == row["prompt"].lower())
    shares = np.array([np.mean(flags) for flags in lower.values() if len(flags) >= 15])
    assert (shares > 0.99).mean() > 0.15
    assert (shares < 0.9).mean() > 0.3


def test_harvest_is_wrapped_and_filler_is_not(small):
    openings = [row for row in small.of("hydra") if row["turn"] == 1]
    asked = [entry for name in ("rationale", "trajectory", "pinned") for entry in WRAPPERS[name].instruction if entry]
    wrapped = [any(entry in row["prompt"] for entry in asked) for row in openings]
    bad = [row["bad"] for row in openings]
    assert np.mean([w for w, b in zip(wrapped, bad, strict=True) if b]) > 0.99
    assert np.mean([w for w, b in zip(wrapped, bad, strict=True) if not b]) < 0.01


def test_a_benchmark_repeats_its_items_as_often_as_asked(small):
    counts = Counter(row["prompt"] for row in small.of("harness"))
    assert Counter(counts.values()).most_common(1)[0][0] == 2


def test_an_assignment_is_worded_by_everybody(small):
    openings = [row["prompt"] for row in small.of("classroom") if row["turn"] == 1]
    assert len(set(openings)) > 0.8 * len(openings)


def test_a_template_is_filled_with_ever_new_records(small):
    prompts = [row["prompt"] for row in small.of("product")]
    assert len(set(prompts)) > 0.97 * len(prompts)
    heads = defaultdict(set)
    for row in small.of("product"):
        heads[row["account_id"]].add(row["prompt"][:40])
    assert all(len(group) == 1 for group in heads.values())


def test_tokens_cover_the_text(small):
    for row in small.rows.slice(0, 4_000).to_pylist():
        assert row["input_tokens"] >= len(row["prompt"]) / 4.2
        if row["max_tokens"] is not None:
            assert row["output_tokens"] <= row["max_tokens"]
        if row["status"] != 200:
            assert row["output_tokens"] == 0
        assert row["prompt"].strip()
