"""Bad input, each kind with its outcome: what is set aside is counted, what cannot be read is said, nothing is a bug."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.log import COLUMNS
from stillwatch.errors import ExitCode
from stillwatch.events.model import ACCOUNTS, EXCHANGES
from stillwatch.testing.logs import exchange, write_lines, write_parquet
from stillwatch.testing.worlds import START

REQUIRED = [column.name for column in EXCHANGES if not column.nullable]
OPTIONAL = [column.name for column in EXCHANGES if column.nullable]


def without(table, *names):
    return table.drop_columns(list(names))


def written(table, path):
    pq.write_table(table, path)
    return path


def well(ran):
    """The run ended as a hunt does, with all its files and no word of a bug."""
    assert "Traceback" not in ran.err
    assert sorted(e.name for e in ran.folder.iterdir()) == [
        "campaigns.parquet",
        "report.html",
        "run.json",
        "verdicts.parquet",
    ]
    assert ran.code == (ExitCode.FINDINGS if ran.campaigns else ExitCode.DONE)
    return ran


def refused(ran, code, *parts):
    """The run ended with a message that says what, where and what next, and wrote nothing."""
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert all(part in ran.err for part in parts), ran.err
    assert len(ran.err.splitlines()) == 2
    assert not ran.folder.is_dir()


class TestMissing:
    def test_all_optional_columns_and_the_account_table(self, hunt, world, tmp_path):
        table = world.exchange_table.select(REQUIRED)
        ran = well(hunt(written(table, tmp_path / "log.parquet"), tmp_path / "run"))
        assert ran.flagged == set()
        assert set(ran.run["log"]["missing"]) >= COLUMNS
        blind = " ".join(ran.run["guarantee"]["blind_to"])
        assert all(word in blind for word in ("text", "context hashes", "payment", "addresses"))
        assert any("no accounts table" in note for note in ran.run["log"]["notes"])

    @pytest.mark.parametrize("name", OPTIONAL)
    def test_one_optional_column(self, hunt, world, tmp_path, name):
        few = replace(world, exchanges=world.exchanges[:60])
        log = written(without(few.exchange_table, name), tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=written(few.account_table, tmp_path / "a.parquet")))
        assert (name in ran.run["log"]["missing"]) is (name in COLUMNS)  # what a hunt does not read is not missed
        assert len(ran.verdicts) == len({row["account_id"] for row in few.exchanges})

    @pytest.mark.parametrize("name", REQUIRED)
    def test_a_required_column(self, hunt, world, tmp_path, name):
        table = without(world.exchange_table.slice(0, 20), name)
        ran = hunt(written(table, tmp_path / "log.parquet"), tmp_path / "run")
        refused(ran, ExitCode.FAILED, "log.parquet", "required columns are missing", name)

    @pytest.mark.parametrize("name", [c.name for c in ACCOUNTS if c.nullable])
    def test_one_column_of_the_accounts(self, hunt, world, tmp_path, name):
        few = replace(world, exchanges=world.exchanges[:60])
        log = written(few.exchange_table, tmp_path / "log.parquet")
        accounts = written(without(few.account_table, name), tmp_path / "a.parquet")
        assert len(well(hunt(log, tmp_path / "run", accounts=accounts)).verdicts) > 10

    def test_accounts_that_are_only_names(self, hunt, world, found, files, tmp_path):
        accounts = written(world.account_table.select(["account_id"]), tmp_path / "a.parquet")
        ran = well(hunt(files[0], tmp_path / "run", accounts=accounts))
        assert ran.flagged <= set(world.members)
        assert any("payment" in each for each in ran.run["guarantee"]["blind_to"])

    def test_accounts_of_others(self, hunt, world, files, tmp_path):
        strangers = [{**row, "account_id": f"other-{i}"} for i, row in enumerate(world.accounts)]
        accounts = written(replace(world, accounts=strangers).account_table, tmp_path / "a.parquet")
        ran = well(hunt(files[0], tmp_path / "run", accounts=accounts))
        assert set(ran.verdicts) == {row["account_id"] for row in world.exchanges}

    def test_an_account_table_that_is_not_there(self, hunt, files, tmp_path):
        ran = hunt(files[0], tmp_path / "run", accounts=tmp_path / "nothing.parquet")
        refused(ran, ExitCode.FAILED, "nothing.parquet", "no such file")


class TestNullText:
    def test_everywhere(self, hunt, world, files, tmp_path):
        rows = [{**row, "prompt": None, "system_prompt": None, "response": None} for row in world.exchanges]
        log = written(replace(world, exchanges=rows).exchange_table, tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.flagged <= set(world.members)
        assert ran.run["log"]["with_text"] is False
        assert any("there is no text" in each for each in ran.run["guarantee"]["blind_to"])
        assert "no text was read" in ran.err

    def test_empty_texts(self, hunt, world, files, tmp_path):
        rows = [{**row, "prompt": ""} for row in world.exchanges]
        log = written(replace(world, exchanges=rows).exchange_table, tmp_path / "log.parquet")
        assert well(hunt(log, tmp_path / "run", accounts=files[1])).flagged == set()

    def test_here_and_there(self, hunt, world, found, files, tmp_path):
        rows = [{**row, "prompt": None if i % 5 == 0 else row["prompt"]} for i, row in enumerate(world.exchanges)]
        log = written(replace(world, exchanges=rows).exchange_table, tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.code == ExitCode.FINDINGS
        assert ran.flagged <= set(world.members)


class TestOddRows:
    def test_duplicate_ids_count_once_and_are_set_aside(self, hunt, world, found, files, tmp_path):
        again = [{**row, "ts": row["ts"] + timedelta(seconds=1)} for row in world.exchanges[:20]]
        log = written(replace(world, exchanges=world.exchanges + again).exchange_table, tmp_path / "log.parquet")
        ran = hunt(log, tmp_path / "run", accounts=files[1])
        assert ran.code == ExitCode.FINDINGS
        assert ran.rejected == {("exchange_id", "duplicate"): 20}
        assert ran.verdicts == found.verdicts
        assert "20 records set aside" in ran.err

    def test_a_log_exported_twice_is_over_the_budget(self, hunt, world, found, files, tmp_path):
        folder = tmp_path / "log"
        folder.mkdir()
        for name in ("monday.parquet", "monday-again.parquet"):
            written(world.exchange_table, folder / name)
        ran = hunt(folder, tmp_path / "run", accounts=files[1])
        assert ran.code == ExitCode.INPUT_REJECTED
        assert ran.verdicts == found.verdicts
        assert hunt(folder, tmp_path / "run", "--max-rejects", "0.5", accounts=files[1]).code == ExitCode.FINDINGS

    def test_duplicate_accounts(self, hunt, world, found, files, tmp_path):
        twice = [*world.accounts, {**world.accounts[0], "payment_fingerprint": "another"}]
        accounts = written(replace(world, accounts=twice).account_table, tmp_path / "a.parquet")
        ran = hunt(files[0], tmp_path / "run", "--max-rejects", "0.05", accounts=accounts)
        assert ran.rejected == {("account_id", "duplicate"): 1}
        assert ran.verdicts == found.verdicts

    def test_clocks_that_run_backwards(self, hunt, world, found, files, tmp_path):
        log = write_lines(tmp_path / "log.jsonl", list(reversed(world.exchanges)))
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.verdicts == found.verdicts
        [note] = [each for each in ran.run["log"]["notes"] if "Clocks ran backwards" in each]
        assert f"{len(world.exchanges) - 1:,} rows" in note

    def test_times_that_are_none(self, hunt, world, tmp_path):
        rows = [*world.exchanges[:500], {**exchange(1), "ts": "yesterday"}, {**exchange(2), "ts": None}]
        ran = well(hunt(write_lines(tmp_path / "log.jsonl", rows), tmp_path / "run"))
        assert ran.rejected == {("ts", "not a time between 1970 and 2100"): 1, ("ts", "missing"): 1}
        places = [(each["file"], each["row"], each["field"]) for each in ran.run["reject_samples"]]
        assert sorted(places) == [("log.jsonl", 501, "ts"), ("log.jsonl", 502, "ts")]
        assert "log.jsonl" in (ran.folder / "report.html").read_text("utf-8")

    def test_addresses_of_version_six(self, hunt, world, found, files, tmp_path):
        """One subscriber's addresses differ in their lower half; what is shared is the network."""

        def six(row, i):
            _, _, c, d = (int(part) for part in str(row["ip"]).split("."))
            return f"2001:db8:{int(str(row['ip']).startswith('203')):x}:{c * 256 + d:x}:{i:x}::{i % 7:x}"

        rows = [{**row, "ip": six(row, i % 60_000)} for i, row in enumerate(world.exchanges)]
        log = written(replace(world, exchanges=rows).exchange_table, tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.flagged == found.flagged
        [campaign] = ran.campaigns
        assert any(each["value"].endswith("::/64") for each in campaign["infrastructure"])

    @pytest.mark.parametrize("bad", ["203.0.113.9:443", "", "\x1b[2J<b>"])
    def test_malformed_addresses_are_emptied_and_counted(self, hunt, world, files, found, tmp_path, bad):
        honest = set(world.people)
        rows = [{**row, "ip": bad if row["account_id"] in honest else row["ip"]} for row in world.exchanges]
        emptied = sum(row["account_id"] in honest for row in world.exchanges)
        log = written(replace(world, exchanges=rows).exchange_table, tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.rejected == {("ip", "malformed address"): emptied}
        assert ran.flagged == found.flagged
        assert "\x1b" not in ran.err


class TestTexts:
    @pytest.mark.parametrize("text", ["lorem ipsum dolor " * 600_000, "x" * 10_500_000, "\u3042" * 3_500_000])
    @pytest.mark.parametrize("form", ["jsonl", "parquet"])
    def test_ten_megabytes(self, hunt, world, tmp_path, text, form):
        assert len(text.encode()) > 10_000_000
        rows = [{**row, "prompt": text if i == 5 else row["prompt"]} for i, row in enumerate(world.exchanges[:200])]
        write = write_lines if form == "jsonl" else write_parquet
        ran = well(hunt(write(tmp_path / f"log.{form}", rows), tmp_path / "run"))
        assert ran.run["log"]["exchanges"] == 200
        assert sum(each.stat().st_size for each in ran.folder.iterdir()) < 1_000_000

    def test_bytes_that_are_not_utf8(self, hunt, world, found, files, tmp_path):
        lines = [b'{"exchange_id": "broken \xff\xfe"}', b'{"exchange_id": "half \\ud800"}', b"not json", b"[1]"]
        log = write_lines(tmp_path / "log.jsonl", world.exchanges, *lines)
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.rejected == {("", "not UTF-8"): 1, ("", "not JSON"): 2, ("", "not a JSON object"): 1}
        assert ran.verdicts == found.verdicts
        assert "4 records set aside" in ran.err

    def test_control_characters_in_names(self, hunt, world, stillwatch, tmp_path):
        name = "acct\x1b[2J\u202e\n<b>"
        rows = [
            {**row, "account_id": name if i < 5 else row["account_id"]} for i, row in enumerate(world.exchanges[:200])
        ]
        ran = well(hunt(write_lines(tmp_path / "log.jsonl", rows), tmp_path / "run"))
        assert name in ran.verdicts
        code, out, err = stillwatch("explain", name, "--run", ran.folder)
        assert code == ExitCode.DONE
        assert "\x1b" not in out + err
        assert "\u202e" not in out + err


class TestHardlyAnything:
    def empty(self, ran):
        well(ran)
        assert ran.verdicts == {}
        assert any("the log holds no exchange" in note for note in ran.run["log"]["notes"])
        assert "0 exchanges" in ran.err

    def test_no_rows(self, hunt, world, files, tmp_path):
        log = written(world.exchange_table.slice(0, 0), tmp_path / "log.parquet")
        self.empty(hunt(log, tmp_path / "run", accounts=files[1]))

    @pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
    def test_an_empty_file_of_lines(self, hunt, tmp_path, content):
        (tmp_path / "log.jsonl").write_bytes(content)
        self.empty(hunt(tmp_path / "log.jsonl", tmp_path / "run"))

    def test_an_empty_file_that_calls_itself_parquet(self, hunt, tmp_path):
        (tmp_path / "log.parquet").write_bytes(b"")
        refused(hunt(tmp_path / "log.parquet", tmp_path / "run"), ExitCode.FAILED, "broken or truncated Parquet file")

    def test_an_empty_folder(self, hunt, tmp_path):
        (tmp_path / "log").mkdir()
        refused(hunt(tmp_path / "log", tmp_path / "run"), ExitCode.FAILED, "the folder holds no file")

    def test_one_exchange(self, hunt, world, tmp_path):
        log = written(world.exchange_table.slice(0, 1), tmp_path / "log.parquet")
        [verdict] = well(hunt(log, tmp_path / "run")).verdicts.values()
        assert verdict["decision"] == "not-decidable"
        assert verdict["why"]

    def test_one_account(self, hunt, world, files, tmp_path):
        busiest, _ = Counter(row["account_id"] for row in world.exchanges).most_common(1)[0]
        rows = [row for row in world.exchanges if row["account_id"] == busiest]
        ran = well(hunt(write_lines(tmp_path / "log.jsonl", rows), tmp_path / "run", accounts=files[1]))
        assert set(ran.verdicts) == {busiest}
        assert ran.flagged == set()
        assert "accounts that stand alone" in ran.run["guarantee"]["blind_to"][0]

    def test_one_day(self, hunt, world, files, tmp_path):
        log = written(world.until(START + timedelta(days=1)).exchange_table, tmp_path / "log.parquet")
        ran = well(hunt(log, tmp_path / "run", accounts=files[1]))
        assert ran.flagged == set()
        assert ran.run["log"]["last"] < "2026-09-08T00:00:01"

    def test_one_moment(self, hunt, world, files, tmp_path):
        rows = [{**row, "ts": START} for row in world.exchanges]
        well(hunt(write_lines(tmp_path / "log.jsonl", rows), tmp_path / "run", accounts=files[1]))

    def test_one_customer_on_record(self, hunt, world, files, tmp_path):
        owned = [{**row, "organisation_id": "org-1"} for row in world.accounts]
        accounts = written(replace(world, accounts=owned).account_table, tmp_path / "a.parquet")
        ran = well(hunt(files[0], tmp_path / "run", accounts=accounts))
        assert ran.flagged == set()
        assert ran.run["log"]["parties"] == 1
        assert {row["innocent"] for row in ran.verdicts.values()} == {"accounts of one organisation on record"}

    def test_one_customer_who_does_not_hide_it(self, hunt, world, files, tmp_path):
        """Nobody put it on record, but the set pays with one instrument: that explains it, so nobody is accused."""
        one = {"payment_fingerprint": "card_one", "email_domain": "firm.example"}
        openly = [row | one if row["account_id"] in world.members else row for row in world.accounts]
        accounts = written(replace(world, accounts=openly).account_table, tmp_path / "a.parquet")
        ran = well(hunt(files[0], tmp_path / "run", accounts=accounts))
        assert ran.flagged == set()
        assert any(each["innocent"] == "one customer's own keys" for each in ran.run["near"])


class TestWrongFiles:
    def test_nothing_there(self, hunt, tmp_path):
        refused(hunt(tmp_path / "no" / "log", tmp_path / "run"), ExitCode.FAILED, "there is no such file")

    @pytest.mark.parametrize(
        ("name", "content"), [("log.csv", b"a,b\n1,2\n"), ("log.bin", bytes(range(256))), ("log.zst", b"plain")]
    )
    def test_a_format_that_is_not_ours(self, hunt, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        ran = hunt(tmp_path / name, tmp_path / "run")
        refused(ran, ExitCode.FAILED, name, "neither Parquet nor JSON Lines", "stillwatch ingest")

    def test_objects_that_are_no_exchanges(self, hunt, tmp_path):
        (tmp_path / "log.jsonl").write_bytes(b'{"user": "a", "text": "b"}\n' * 3)
        ran = hunt(tmp_path / "log.jsonl", tmp_path / "run")
        refused(ran, ExitCode.FAILED, "required columns are missing", "exchange_id", "stillwatch ingest")

    @pytest.mark.parametrize("share", [0.05, 0.5, 0.999])
    def test_a_truncated_parquet_file(self, hunt, files, tmp_path, share):
        whole = files[0].read_bytes()
        (tmp_path / "log.parquet").write_bytes(whole[: int(len(whole) * share)])
        ran = hunt(tmp_path / "log.parquet", tmp_path / "run")
        refused(ran, ExitCode.FAILED, "broken or truncated Parquet file", "copy or export it again")

    def test_a_truncated_file_among_good_ones(self, hunt, files, found, tmp_path):
        folder = tmp_path / "log"
        folder.mkdir()
        whole = files[0].read_bytes()
        (folder / "a.parquet").write_bytes(whole)
        (folder / "b.parquet").write_bytes(whole[:-2000])
        ran = hunt(folder, tmp_path / "run", accounts=files[1])
        assert ran.code == ExitCode.INPUT_REJECTED
        assert "b.parquet: broken or truncated Parquet file" in ran.err
        assert ran.verdicts == found.verdicts
        assert any("Set aside whole" in note for note in ran.run["log"]["notes"])


class TestBudget:
    def test_rejects_over_budget_end_with_five_and_the_run_is_written(self, hunt, world, found, files, tmp_path):
        log = write_lines(tmp_path / "log.jsonl", world.exchanges, *[b"{"] * 100)
        ran = hunt(log, tmp_path / "run", "--json", accounts=files[1])
        assert ran.code == ExitCode.INPUT_REJECTED
        assert ran.out == ""
        assert "100 of 3," in ran.err
        assert "at most 1.00% are allowed" in ran.err
        assert f"The run is in {tmp_path / 'run'}" in ran.err
        assert ran.verdicts == found.verdicts
        assert ran.rejected == {("", "not JSON"): 100}
        page = (ran.folder / "report.html").read_text("utf-8")
        assert "not JSON" in page

    def test_the_budget_can_be_raised(self, hunt, world, files, tmp_path):
        log = write_lines(tmp_path / "log.jsonl", world.exchanges, *[b"{"] * 100)
        ran = hunt(log, tmp_path / "run", "--max-rejects", "0.05", accounts=files[1])
        assert ran.code == ExitCode.FINDINGS

    def test_the_accounts_have_a_budget_too(self, hunt, world, files, tmp_path):
        rows = [{**row, "account_id": None if i % 2 else row["account_id"]} for i, row in enumerate(world.accounts)]
        accounts = write_lines(tmp_path / "a.jsonl", rows)
        ran = hunt(files[0], tmp_path / "run", accounts=accounts)
        assert ran.code == ExitCode.INPUT_REJECTED
        assert "a.jsonl: account_id missing" in ran.err
        assert len(ran.verdicts) > 70


class TestWrongOptions:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            *(("--alpha", value) for value in ("0", "1", "-0.1", "nan", "many")),
            *(("--max-rejects", value) for value in ("-0.1", "1.5", "nan")),
            *(("--memory", value) for value in ("lots", "2", "-1GB", "")),
            *(("--until", value) for value in ("soon", "2026-13-01", "")),
        ],
    )
    def test_are_usage_errors(self, hunt, files, tmp_path, option, value):
        ran = hunt(files[0], tmp_path / "run", f"{option}={value}")
        assert ran.code == ExitCode.USAGE
        assert "Traceback" not in ran.err
        assert option in ran.err
        assert not ran.folder.exists()

    def test_too_little_memory_is_said(self, hunt, files, tmp_path):
        ran = hunt(files[0], tmp_path / "run", "--memory", "1KB")
        refused(ran, ExitCode.FAILED, "needs more than 1KB of memory", "--metadata-only")

    def test_arrow_is_what_the_tables_are(self, world):
        """The world of these tests is the contract's, so that what is changed is all that is wrong."""
        assert pa.types.is_timestamp(world.exchange_table.schema.field("ts").type)
        assert world.exchange_table.column_names == [column.name for column in EXCHANGES]
