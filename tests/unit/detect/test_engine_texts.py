"""Texts on an engine: the same answers as from the strings, each text sketched once and none kept."""

from __future__ import annotations

import importlib.util
import os
import shutil

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.detect.engine_texts import Sketches
from stillwatch.detect.texts import HeldStrings, LiveTexts
from stillwatch.errors import InputError
from stillwatch.events.canonical import key
from stillwatch.events.engines.clickhouse import ClickHouseEngine
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.engines.spark import SparkEngine
from stillwatch.testing.logs import exchange, write_parquet

TEXTS = [
    "how do I prune a rose",
    "Write a python function that sorts a list",
    "HOW DO I PRUNE A ROSE",
    "",
    "写一首关于春天的诗",
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "let's think step by step about the moons of Jupiter",
    *(f"question {i} about {'tax' if i % 2 else 'football'}" for i in range(60)),
]
QUESTIONS = ("benchmark", "capability", "elicitation", "skeleton", "beginning")
ENGINES = [
    "duckdb",
    pytest.param("clickhouse", marks=pytest.mark.chdb),
    pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow]),
]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, need, tmp_path_factory):
    rows = [exchange(i, prompt=TEXTS[i % len(TEXTS)]) for i in range(3 * len(TEXTS))]
    rows.append(exchange(999, prompt=None))
    log = write_parquet(tmp_path_factory.mktemp("texts") / "log.parquet", rows)
    if request.param == "duckdb":
        begun = DuckEngine(memory="500MB", threads=1)
    elif request.param == "clickhouse":
        need("chdb", importlib.util.find_spec("chdb") is not None)
        begun = ClickHouseEngine(memory="500MB")
    else:
        java = shutil.which("java") is not None or "JAVA_HOME" in os.environ
        need("PySpark with Java", importlib.util.find_spec("pyspark") is not None and java)
        begun = SparkEngine("local[2]", memory="1g", settings={"spark.sql.shuffle.partitions": "2"})
    with begun:
        begun.load(log)
        yield begun


@pytest.fixture
def texts(engine):
    return Sketches(engine).of(np.array([key(text) for text in TEXTS]))


@pytest.fixture(scope="module")
def live():
    return LiveTexts(HeldStrings(pa.array(TEXTS)))


def test_answers_are_those_of_the_strings(texts, live):
    codes = np.array([5, 0, 3, 1, 0, *range(7, 60), 4, 6, 2])
    for found, expected in zip(texts.vectors(codes), live.vectors(codes), strict=True):
        assert found.dtype == np.int8
        assert (found == expected).all()
    for question in QUESTIONS:
        assert getattr(texts, question)(codes).tolist() == getattr(live, question)(codes).tolist(), question
    assert texts.benchmark(codes).dtype == bool
    assert len(set(texts.capability(codes).tolist())) > 1


def test_a_text_comes_back_only_where_it_is_shown(texts):
    assert texts.text(1) is None
    texts.show(np.array([1, 3]))
    assert texts.text(1) == TEXTS[1]
    assert texts.text(3) == ""
    assert texts.text(0) is None
    assert texts.text(-1) is None


def test_nothing_is_asked_where_nothing_is_missing(texts, engine, monkeypatch):
    texts.vectors(np.arange(10))

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(engine, "each_text", fail)
    texts.vectors(np.array([3, 9, 3]))
    assert len(texts.skeleton(np.array([0]))) == 1
    assert len(texts.capability(np.zeros(0, np.int64))) == 0
    texts.show(np.zeros(0, np.int64))
    with pytest.raises(AssertionError):
        texts.benchmark(np.array([9, 10]))


def test_what_is_fetched_later_does_not_move_what_was_there(texts, live):
    first = texts.vectors(np.arange(5))[0].copy()
    rest = texts.vectors(np.arange(5, len(TEXTS)))[0]
    assert (texts.vectors(np.arange(5))[0] == first).all()
    assert (rest == live.vectors(np.arange(5, len(TEXTS)))[0]).all()


def test_a_text_that_is_gone_is_told(engine):
    with pytest.raises(InputError, match="changed while it was read"):
        Sketches(engine).of(np.array([key("how do I prune a rose"), 12345])).vectors(np.array([0, 1]))
