"""A table of accounts keeps joining with its log."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, OutputError, RejectedOverBudget
from stillwatch.events.account_table import bring_accounts
from stillwatch.events.ingest import IngestOptions, ingest
from stillwatch.events.pseudonym import Pseudonymiser
from stillwatch.events.read import read_accounts, read_exchanges

KEY = b"k" * 32


def write(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def log(tmp_path):
    rows = [
        {"exchange_id": f"x{n}", "ts": f"2026-10-05T08:00:0{n}Z", "account_id": name, "model": "m", "ip": "192.0.2.7"}
        for n, name in enumerate(("acme", "sk-secret", "Bearer abc"))
    ]
    return write(tmp_path / "log.jsonl", rows)


TABLE = [
    {"account_id": "acme", "owner_id": "acme", "signup_ip": "192.0.2.9", "organisation_id": "acme"},
    {"account_id": "sk-secret", "owner_id": "acme", "payment_fingerprint": "promo_X"},
    {"account_id": "Bearer abc", "payment_fingerprint": "card", "tier": "free"},
]


@pytest.mark.parametrize("pseudonymise", [True, False])
def test_every_account_of_the_log_is_found_in_the_table(tmp_path, log, pseudonymise):
    table, out = write(tmp_path / "t.jsonl", TABLE), tmp_path / "out"
    report = ingest(log, out, IngestOptions(key=KEY, pseudonymise=pseudonymise, accounts=table))
    assert (report.accounts.accounts, report.accounts.in_log, report.accounts.known) == (3, 3, 3)
    accounts = read_accounts(report.accounts.path).table
    names = set(read_exchanges(out).table["account_id"].to_pylist())
    assert set(accounts["account_id"].to_pylist()) == names
    assert "secret" not in str(accounts.to_pylist())
    assert names.isdisjoint({"acme"}) is pseudonymise


def test_equal_stays_equal_and_networks_stay_networks(tmp_path, log):
    table, out = write(tmp_path / "t.jsonl", TABLE), tmp_path / "out"
    ingest(log, out, IngestOptions(key=KEY, pseudonymise=True, accounts=table))
    first, second, third = pq.read_table(out / "_accounts" / "accounts.parquet").to_pylist()
    hide = Pseudonymiser(KEY)
    assert first["account_id"] == first["owner_id"] == second["owner_id"] == hide.account("acme")
    assert first["organisation_id"] not in {first["owner_id"], "acme"}
    assert first["signup_ip"] == hide.address("192.0.2.9")
    assert first["signup_ip"].rsplit(".", 1)[0] == hide.address("192.0.2.7").rsplit(".", 1)[0]
    assert second["payment_fingerprint"].startswith("promo_")
    assert second["payment_fingerprint"] != "promo_X"
    assert (third["payment_fingerprint"].startswith("pay_"), third["tier"]) == (True, "free")


def test_a_table_can_come_later_and_again(tmp_path, log):
    out = tmp_path / "out"
    ingest(log, out, IngestOptions(key=KEY, pseudonymise=True))
    for rows in (TABLE[:1], TABLE):
        options = IngestOptions(key=KEY, pseudonymise=True, accounts=write(tmp_path / "t.jsonl", rows))
        report = ingest(log, out, options)
        assert (report.files_read, report.accounts.known) == (0, len(rows))
    assert read_exchanges(str(out / "*.parquet")).table.num_rows == 3


def test_a_table_of_other_names_shows(tmp_path, log):
    table = write(tmp_path / "t.jsonl", [{"account_id": "other"}])
    report = ingest(log, tmp_path / "out", IngestOptions(key=KEY, accounts=table))
    assert (report.accounts.in_log, report.accounts.known) == (3, 0)


def test_faults_of_the_table_show_before_the_log_is_read(tmp_path, log):
    bad = write(tmp_path / "t.jsonl", [{"account_id": "a"}, {"tier": "free"}, "nope"])
    for options, error in (
        (IngestOptions(key=KEY, accounts=bad), RejectedOverBudget),
        (IngestOptions(key=KEY, accounts=tmp_path / "missing"), InputError),
        (IngestOptions(key=KEY, accounts=write(tmp_path / "u.jsonl", [{"name": "a"}])), InputError),
    ):
        with pytest.raises(error):
            ingest(log, tmp_path / "out", options)
    assert not list((tmp_path / "out").glob("part-*"))
    assert not (tmp_path / "out" / "_accounts").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    table = write(tmp_path / "t.jsonl", TABLE)
    (tmp_path / "_accounts").write_text("in the way")
    with pytest.raises(OutputError, match="Cannot write"):
        bring_accounts(table, tmp_path, hash_key=KEY, pseudonymiser=None, max_rejects=0.01)
