"""The alias table: newest names first, no name with two meanings, documented whole."""

from __future__ import annotations

import pytest

from stillwatch.events.adapters.catalogue import adapter_named
from stillwatch.events.adapters.otel_names import ALIAS_TABLE_VERSION, ALIASES, names
from stillwatch.events.adapters.protocol import AdapterContext

CONTEXT = AdapterContext(hash_key=b"k" * 32, default_account="a")
TOKENS = [
    (value, alias.key) for value in ("input_tokens", "output_tokens", "reasoning_tokens") for alias in ALIASES[value]
]


def test_no_name_has_two_meanings():
    keys = [alias.key for aliases in ALIASES.values() for alias in aliases]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("value", "key"), TOKENS)
def test_every_name_of_a_count_is_read(value, key):
    span = {
        "attributes": {"gen_ai.request.model": "m", "gen_ai.operation.name": "chat", key: 7},
        "start_time": 1791187200,
    }
    (found,) = adapter_named("otel").convert(span, CONTEXT)
    assert getattr(found, value) == 7


def test_the_newest_name_wins():
    attributes = {"gen_ai.request.model": "m", "gen_ai.operation.name": "chat"}
    attributes |= {key: at for at, key in enumerate(names("input_tokens"))}
    (found,) = adapter_named("otel").convert({"attributes": attributes, "start_time": 1791187200}, CONTEXT)
    assert found.input_tokens == 0


def test_the_table_is_documented(root):
    text = (root / "docs" / "reference" / "formats.md").read_text("utf-8")
    assert ALIAS_TABLE_VERSION in text
    assert [
        key for aliases in ALIASES.values() for key in (alias.key for alias in aliases) if f"`{key}`" not in text
    ] == []
