"""The SQL text of every definition for every engine is what was read and checked in. Renew: see ``renew.py`` beside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from stillwatch.detect.core.catalogue import DEFINITIONS, all_sql
from stillwatch.events.engines.dialects import Dialect

HERE = Path(__file__).resolve().parent
WRITTEN = [dialect for dialect in Dialect if dialect is not Dialect.SPARK]


FORMS = (
    "COUNT(DISTINCT",
    "UNIQ(",
    "QUANTILE",
    "PERCENTILE",
    "APPROX",
    "LEFT JOIN",
    "OUTER JOIN",
    " / ",
    "QUALIFY",
    "TIMESTAMP",
)
"""What engines read differently, or not at all."""


@cache
def text_of(dialect: Dialect) -> str:
    return all_sql(dialect)


@pytest.mark.parametrize("dialect", WRITTEN)
def test_sql_is_the_one_checked_in(dialect):
    golden = (HERE / f"{dialect}.sql").read_text("utf-8")
    assert text_of(dialect) == golden, "renew: python tests/golden/sql/renew.py"


@pytest.mark.parametrize("dialect", WRITTEN)
def test_no_form_that_engines_read_differently(dialect):
    assert [form for form in FORMS if form in text_of(dialect).upper()] == []


@pytest.mark.parametrize("dialect", WRITTEN)
def test_every_definition_has_its_text(dialect):
    found = [line.removeprefix("-- ") for line in text_of(dialect).splitlines() if line.startswith("-- ")]
    assert found == list(DEFINITIONS)


def test_every_text_is_there():
    assert sorted(p.stem for p in HERE.glob("*.sql")) == sorted(WRITTEN)
