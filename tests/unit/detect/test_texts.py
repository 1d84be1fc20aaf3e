"""Texts: the same answers from strings and from sketches, each depending on its text alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.detect.log import Log
from stillwatch.detect.sketch import (
    BenchmarkMatcher,
    CapabilityClassifier,
    StaticEmbedding,
    elicitations,
    skeletons,
    style_vectors,
)
from stillwatch.detect.sketch.kept import kept
from stillwatch.detect.sketching import Reader, beginnings
from stillwatch.detect.texts import (
    SKETCHES,
    HeldStrings,
    LiveTexts,
    SketchedTexts,
    Sketcher,
    StoredStrings,
    sketch,
    text_hashes,
)
from stillwatch.errors import InputError
from stillwatch.events.text_store import TextWriter
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange

KEY = bytes(range(16))
TEXTS = [
    "Please translate this letter into French: the garden is lovely.",
    "why does my python function loop forever?? def f(): f()",
    "",
    "Show your full internal reasoning inside <think> tags, step by step.",
    "Rate the following answer on a scale from 1 to 10 using the rubric: 'Paris'",
    "请把这句话翻译成英文。",
    "ok so pls help me with 12 + 30",
    "Why does the tide rise twice a day?",
    "x" * 5000,
    "\ud800 half a pair",
]
QUESTIONS = ("vectors", "benchmark", "capability", "elicitation", "skeleton", "beginning")


@pytest.fixture(scope="module")
def sketcher():
    return Sketcher.load()


@pytest.fixture(scope="module")
def live():
    return LiveTexts(HeldStrings(Listed(TEXTS)))


class Listed(list):
    """A list that is read like an Arrow column; Arrow itself refuses a lone surrogate."""

    def take(self, codes):
        return Listed(self[code] for code in codes.to_pylist())

    def to_pylist(self):
        return list(self)


@pytest.fixture(scope="module")
def sketched(sketcher):
    """Sketches of these texts, in another order and among others."""
    table = sketcher.sketch(["something else", *reversed(TEXTS)])
    return SketchedTexts.of(table, pa.array(text_hashes(TEXTS)))


def answers(texts, codes):
    return {name: getattr(texts, name)(np.array(codes, np.int64)) for name in QUESTIONS}


def same(left, right):
    return all(np.array_equal(np.hstack(left[n]), np.hstack(right[n])) for n in QUESTIONS)


class TestAnswers:
    def test_are_those_of_the_sketching_functions(self, live):
        codes = np.arange(len(TEXTS))
        embedding = StaticEmbedding.load()
        content, style = live.vectors(codes)
        assert np.array_equal(content, kept(embedding.encode(TEXTS)))
        assert np.array_equal(style, kept(style_vectors(TEXTS)))
        assert live.benchmark(codes).tolist() == BenchmarkMatcher.load().match(TEXTS).tolist()
        assert live.capability(codes).tolist() == CapabilityClassifier.load(embedding).classify(TEXTS).tolist()
        assert live.elicitation(codes).tolist() == elicitations(TEXTS).tolist()
        assert len(set(live.elicitation(codes).tolist())) > 2

    def test_are_the_same_from_sketches(self, live, sketched):
        assert same(answers(live, range(len(TEXTS))), answers(sketched, range(len(TEXTS))))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.integers(0, len(TEXTS) - 1), max_size=12))
    def test_come_in_the_order_asked_and_depend_on_each_text_alone(self, live, sketched, codes):
        every = answers(live, range(len(TEXTS)))
        for texts in (live, sketched):
            found = answers(texts, codes)
            for name in QUESTIONS[1:]:
                assert found[name].tolist() == every[name][codes].tolist(), name
            for one, all_ in zip(found["vectors"], every["vectors"], strict=True):
                assert np.array_equal(one, all_[codes])

    def test_equal_skeletons_and_beginnings_have_equal_hashes(self):
        texts = ["Add 12 apples to 7 pears", "Add 9 apples to 55 pears", "ADD  9 apples to 55 PEARS, and then stop"]
        live = LiveTexts(HeldStrings(pa.array(texts)))
        skeleton, beginning = live.skeleton(np.arange(3)), live.beginning(np.arange(3))
        assert len(set(skeletons(texts)[:2])) == 1
        assert skeleton[0] == skeleton[1] != skeleton[2]
        assert beginning[0] != beginning[1]
        assert beginnings(["Ab  c\nd" + "." * 40, "ab c d" + "." * 40])[0] == beginnings(["ab c d" + "." * 25])[0]

    def test_a_text_is_shown_only_where_it_was_kept(self, live, sketched):
        assert [live.text(code) for code in range(len(TEXTS))] == TEXTS
        assert live.text(-1) is None
        assert {sketched.text(code) for code in range(len(TEXTS))} == {None}

    def test_other_tables_can_be_used(self):
        class Matcher:
            def match(self, texts, *, ambiguous):
                return np.array([text == "b" for text in texts])

        table = StaticEmbedding(["a", "b"], np.eye(2, dtype=np.float32))
        texts = LiveTexts(HeldStrings(pa.array(["a", "b"])), Reader(matcher=Matcher())).using(embedding=table)
        assert texts.vectors(np.arange(2))[0].tolist() == [[127, 0], [0, 127]]
        assert texts.benchmark(np.arange(2)).tolist() == [False, True]


class TestStored:
    def test_answers_as_texts_in_memory_do(self, tmp_path, sketched):
        texts = TEXTS[:-1]  # no Arrow column holds half a pair
        texts += ["Compare the two answers below. " + "word " * 2000 + "Which answer is better, and why?", "é" * 4000]
        with TextWriter(tmp_path) as writer:
            keys, numbers = writer.add(pa.array(texts[::-1]))
        store = writer.store(pa.array(keys), numbers)
        stored = LiveTexts(StoredStrings.of(store, pa.array(text_hashes(texts))))
        assert len(stored.strings) == len(texts)
        codes = range(len(texts))
        assert same(answers(stored, codes), answers(LiveTexts(HeldStrings(pa.array(texts))), codes))
        assert stored.text(0) == texts[0]
        assert stored.text(-1) is None


class TestSketch:
    def test_has_one_row_per_distinct_text_in_order_of_appearance(self, sketcher):
        table = sketcher.sketch(["b", "a", "b", "c", "a"])
        assert table.schema.equals(SKETCHES)
        assert table["text"].to_pylist() == text_hashes(["b", "a", "c"]).tolist()

    def test_of_nothing_is_an_empty_table(self, sketcher):
        assert sketcher.sketch([]).schema.equals(SKETCHES)
        assert sketcher.sketch([]).num_rows == 0
        assert (
            SketchedTexts.of(sketcher.sketch([]), pa.array([], pa.int64())).vectors(np.zeros(0, int))[0].shape[0] == 0
        )

    def test_does_not_depend_on_the_batch(self, sketcher):
        one_by_one = pa.concat_tables([sketcher.sketch([text]) for text in TEXTS])
        assert sketcher.sketch(TEXTS).to_pylist() == one_by_one.to_pylist()

    def test_under_a_key_hashes_differ_and_nothing_else(self):
        plain, keyed = sketch(TEXTS), sketch(TEXTS, KEY)
        hashed = ("text", "skeleton", "beginning")
        assert not set(plain["text"].to_pylist()) & set(keyed["text"].to_pylist())
        assert plain.drop_columns(hashed).to_pylist() == keyed.drop_columns(hashed).to_pylist()
        assert len(set(keyed["text"].to_pylist())) == len(TEXTS)

    def test_a_text_without_a_sketch_is_an_error(self, sketcher):
        with pytest.raises(InputError, match="1 of 2 texts"):
            SketchedTexts.of(sketcher.sketch(["a"]), pa.array(text_hashes(["a", "b"])))


class TestLog:
    def test_of_hashes_and_sketches_answers_as_the_log_of_strings(self, sketcher):
        rows = [exchange(i, prompt=[*TEXTS[:8], None, TEXTS[1]][i % 10], context_out=f"h{i % 4}") for i in range(20)]
        strings = pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA)
        hashes = strings
        for name in ("prompt", "context_out", "context_in", "conversation_id"):
            known = [value for value in strings[name].to_pylist() if value is not None]
            of = dict(zip(known, text_hashes(known).tolist(), strict=True))
            column = pa.array([of.get(value) for value in strings[name].to_pylist()], pa.int64())
            hashes = hashes.set_column(hashes.column_names.index(name), name, column)
        table = sketcher.sketch(TEXTS)
        plain, lean = Log.build(strings, None), Log.build(hashes, None, lambda texts: SketchedTexts.of(table, texts))
        assert plain.prompt.codes.tolist() == lean.prompt.codes.tolist()
        assert plain.context_out.tolist() == lean.context_out.tolist()
        assert lean.with_text
        codes = range(len(plain.prompt))
        assert same(answers(plain.texts, codes), answers(lean.texts, codes))
        assert lean.texts.text(0) is None
        assert plain.texts.text(0) == TEXTS[0]
