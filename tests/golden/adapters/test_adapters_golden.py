"""One golden file per source: what each recorded record becomes, column by column.

After a change that is meant, write the expected files anew with ``STILLWATCH_WRITE_GOLDEN=1`` and read the difference.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from stillwatch.events.adapters.bedrock import cloudtrail_callers
from stillwatch.events.adapters.catalogue import FORMATS, adapter_named, detect
from stillwatch.events.adapters.protocol import AdapterContext, BadRecord, Mended, NotAnExchange
from stillwatch.events.finish import finish
from stillwatch.events.model import Exchange

HERE = Path(__file__).parent
KEY = b"golden-key-golden-key-0123456789"
REQUESTS = {
    "task-1": {"model": "frontier-2", "messages": [{"role": "user", "content": "Capital of France?"}], "max_tokens": 5},
    "b-1": {"model": "frontier-1", "max_tokens": 8, "messages": [{"role": "user", "content": "Yes in French?"}]},
}


def records(name):
    return [json.loads(line) for line in (HERE / name / "input.jsonl").read_text("utf-8").splitlines()]


def context(name):
    callers = {}
    if name == "bedrock":
        callers = cloudtrail_callers(json.loads((HERE / name / "cloudtrail.json").read_text("utf-8")))
    return AdapterContext(
        hash_key=KEY,
        callers=callers,
        requests=REQUESTS,
        account_fields=("authorization",) if name == "envoy" else (),
        default_time=datetime(2026, 10, 6, tzinfo=UTC) if name == "anthropic" else None,
    )


def as_plain(outcome):
    match outcome:
        case Exchange():
            finished = finish(outcome, pseudonymiser=None, keep_text=True)
            row = msgspec.to_builtins(finished.exchange)
            plain = {column: value for column, value in row.items() if value is not None}
            return {"exchange": plain, "repairs": list(finished.repairs)} if finished.repairs else {"exchange": plain}
        case Mended():
            plain = as_plain(outcome.exchange)
            return plain | {"repairs": [*outcome.repairs, *plain.get("repairs", [])]}
        case BadRecord():
            return {"reject": {"field": outcome.field, "reason": outcome.reason}}
        case NotAnExchange():
            return {"not_an_exchange": outcome.reason}


@pytest.mark.parametrize("name", FORMATS)
def test_records_become_exactly_these_rows(name):
    adapter = adapter_named(name)
    found = [[as_plain(outcome) for outcome in adapter.convert(each, context(name))] for each in records(name)]
    path = HERE / name / "expected.json"
    if os.environ.get("STILLWATCH_WRITE_GOLDEN"):
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_told_from_the_records(name):
    assert detect(records(name)).name == name


@pytest.mark.parametrize("name", FORMATS)
def test_no_other_format_claims_a_record(name):
    claims = {
        other: sum(adapter_named(other).sniff(record) for record in records(name)) for other in FORMATS if other != name
    }
    assert {other for other, count in claims.items() if count} == set()
