"""Reading texts by several processes: the same answers in the same order, also where a process dies."""

from __future__ import annotations

import os
import signal
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.detect import sketching
from stillwatch.detect.sketch import BenchmarkMatcher, StaticEmbedding
from stillwatch.detect.sketching import Question, Reader, answers, processes
from stillwatch.detect.texts import HeldStrings, LiveTexts

TEXTS = [f"Question {n}: why does {'rain' if n % 3 else 'Schnee'} fall on day {n % 7}?" for n in range(400)]


@pytest.fixture
def eager(monkeypatch):
    """Processes help from the first text, in small chunks."""
    monkeypatch.setattr(sketching, "ENOUGH", 1)
    monkeypatch.setattr("stillwatch.detect.texts.CHUNK", 60)


def die(parent, texts):
    """Texts for whoever is the first process; any other is killed by asking for them."""
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return texts


class TestProcesses:
    def test_answers_are_the_same_in_the_same_order(self, eager):
        codes = np.random.default_rng(1).permutation(len(TEXTS))
        told = []
        helped, alone = (LiveTexts(HeldStrings(pa.array(TEXTS)), workers=n) for n in (2, 1))
        content, style = helped.vectors(codes, lambda done, all_: told.append((done, all_)))
        expected = alone.vectors(codes)
        assert np.array_equal(content, expected[0])
        assert np.array_equal(style, expected[1])
        assert told == [(min(60 * (n + 1), 400), 400) for n in range(7)]
        assert helped.skeleton(codes).tolist() == alone.skeleton(codes).tolist()

    def test_other_tables_go_along(self, eager):
        reader = Reader(StaticEmbedding(["rain", "day"], np.eye(2, dtype=np.float32)), BenchmarkMatcher.load())
        texts = LiveTexts(HeldStrings(pa.array(TEXTS)), reader, workers=2)
        assert (
            texts.vectors(np.arange(3))[0].tolist()
            == LiveTexts(texts.strings, reader).vectors(np.arange(3))[0].tolist()
        )

    def test_a_process_that_dies_is_made_up_for(self, monkeypatch):
        monkeypatch.setattr(sketching, "ENOUGH", 1)
        sources = [partial(list, TEXTS[:5]), partial(die, os.getpid(), TEXTS[5:9]), partial(list, TEXTS[9:])]
        found = list(answers(Reader(), Question.SKELETON, sources, len(TEXTS), workers=2))
        assert np.concatenate(found).tolist() == Reader().answer(Question.SKELETON, TEXTS).tolist()

    def test_an_error_in_a_source_is_raised(self, monkeypatch):
        monkeypatch.setattr(sketching, "ENOUGH", 1)
        with pytest.raises(FileNotFoundError):
            list(answers(Reader(), Question.SKELETON, [partial(open, "/no/such/file")], 9, workers=2))

    def test_little_is_read_here(self, monkeypatch):
        monkeypatch.setattr(sketching, "_helped", None)
        assert len(list(answers(Reader(), Question.SKELETON, [partial(list, TEXTS)], len(TEXTS), workers=2))) == 1

    def test_a_frozen_program_begins_no_others(self, monkeypatch):
        assert processes() >= 1
        monkeypatch.setattr("sys.frozen", True, raising=False)
        assert processes() == 1
