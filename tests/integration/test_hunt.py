"""The main job from end to end: a log on disk in, a run folder out, through the command line."""

from __future__ import annotations

import html
import json
import random
import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.apps.run_folder import campaign_schema, verdict_schema
from stillwatch.errors import ExitCode
from stillwatch.testing.logs import write_lines
from stillwatch.testing.worlds import make_world

WRITTEN = ["campaigns.parquet", "report.html", "run.json", "verdicts.parquet"]
SECRET = "Mail anna.keller@firm.example, ring +49 170 5551234, key sk_9fK2LmQ8xT7vB4nW1z. "
CONTRACT_VERDICTS = [
    "account_id",
    "score",
    "flagged",
    "kind",
    "decision",
    "campaign_id",
    "flagged_at",
    "exchanges",
    "extraction_exchanges",
    "reasons",
    "innocent",
]
CONTRACT_CAMPAIGNS = [
    "campaign_id",
    "previous_ids",
    "kind",
    "rides_on",
    "accounts",
    "exchanges",
    "extraction_exchanges",
    "extraction_exchanges_low",
    "extraction_exchanges_high",
    "first_seen",
    "last_seen",
    "flagged_at",
    "active",
    "capabilities",
    "elicitation",
    "models",
    "infrastructure",
    "links",
    "evidence",
    "guarantee",
    "alternatives",
    "summary",
]


@pytest.fixture(scope="module")
def campaign(found):
    [only] = found.campaigns
    return only


class TestWhatIsWritten:
    def test_four_files_and_nothing_beside_them(self, found):
        assert sorted(each.name for each in found.folder.iterdir()) == WRITTEN
        assert [each.name for each in found.folder.parent.iterdir()] == ["found"]

    def test_tables_have_the_contracts_columns_and_types(self, found):
        verdicts = pq.read_schema(found.folder / "verdicts.parquet")
        campaigns = pq.read_schema(found.folder / "campaigns.parquet")
        assert set(CONTRACT_VERDICTS) <= set(verdicts.names)
        assert set(CONTRACT_CAMPAIGNS) <= set(campaigns.names)
        assert verdicts.equals(verdict_schema())
        assert campaigns.equals(campaign_schema())

    def test_one_verdict_for_each_account_of_the_log(self, found, world):
        sent = {row["account_id"] for row in world.exchanges}
        rows = pq.read_table(found.folder / "verdicts.parquet").to_pylist()
        assert sorted(row["account_id"] for row in rows) == sorted(sent)
        assert sum(row["exchanges"] for row in rows) == len(world.exchanges)

    def test_flagged_rows_say_all_that_the_contract_asks(self, found, campaign):
        for row in found.verdicts.values():
            flagged = row["flagged"]
            assert (row["decision"] == "flagged") is flagged
            assert (row["campaign_id"] == campaign["campaign_id"]) is flagged
            assert (row["kind"] is not None) is flagged
            assert (row["flagged_at"] is not None) is flagged
            if flagged:
                assert row["reasons"]
                assert 0 <= row["extraction_exchanges"] <= row["exchanges"]
        scores = found.verdicts.values()
        assert min(r["score"] for r in scores if r["flagged"]) > max(r["score"] for r in scores if not r["flagged"])

    def test_the_campaign_and_nobody_else(self, found, world, campaign):
        assert found.flagged <= set(world.members)
        # one member begins nine hours before the end of the log
        assert len(found.flagged) >= len(world.members) - 1
        assert campaign["kind"] == "extraction"
        assert campaign["accounts"] == len(found.flagged)
        true = sum(row["account_id"] in found.flagged for row in world.exchanges)
        assert campaign["exchanges"] == true
        assert campaign["extraction_exchanges_low"] <= true <= campaign["extraction_exchanges_high"]
        assert {each["kind"] for each in campaign["infrastructure"]} >= {"address", "payment instrument"}

    def test_report_stands_alone(self, found, campaign):
        page = (found.folder / "report.html").read_text("utf-8")
        assert campaign["campaign_id"] in page
        assert "<script" not in page
        assert 'src="http' not in page


class TestExitCodesAndStreams:
    def test_three_with_campaigns_and_json_alone_on_stdout(self, found, campaign):
        assert found.code == ExitCode.FINDINGS
        told = json.loads(found.out)
        assert [each["campaign_id"] for each in told["campaigns"]] == [campaign["campaign_id"]]
        assert told["log"]["exchanges"] == found.run["log"]["exchanges"]
        assert told["verdicts"] == []
        assert found.out.count("\n") == 1

    def test_talk_is_on_stderr(self, found, campaign):
        assert campaign["campaign_id"] in found.err
        assert str(found.folder / "report.html") in found.err.replace("\n", "")
        assert "\x1b" not in found.err

    def test_zero_and_silence_without_campaigns(self, hunt, world, tmp_path):
        log, accounts = world.without_campaign().write(tmp_path / "log")
        ran = hunt(log, tmp_path / "run", "--quiet", accounts=accounts)
        assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "", "")
        assert ran.campaigns == []
        assert ran.flagged == set()
        assert sorted(each.name for each in ran.folder.iterdir()) == WRITTEN

    def test_profile_names_the_stages(self, hunt, world, tmp_path):
        log, _ = replace(world, exchanges=world.exchanges[:50]).write(tmp_path / "log")
        ran = hunt(log, tmp_path / "run", "--profile")
        assert ran.out == ""
        assert all(stage in ran.err for stage in ("read", "sketch", "looks", "describe"))


def test_the_same_again_gives_the_same(found, hunt, files, tmp_path):
    log, accounts = files
    again = hunt(log, tmp_path / "again", "--json", accounts=accounts)
    assert again.code == found.code
    for table in ("verdicts.parquet", "campaigns.parquet"):
        assert pq.read_table(again.folder / table).equals(pq.read_table(found.folder / table))
    first, second = found.run, again.run
    assert first.pop("seconds").keys() == second.pop("seconds").keys()
    assert first == second


def test_order_and_form_of_the_files_do_not_matter(found, hunt, world, files, tmp_path):
    rows = list(world.exchanges)
    random.Random(3).shuffle(rows)
    folder = tmp_path / "log"
    folder.mkdir()
    write_lines(folder / "b.jsonl", rows[:1500])
    pq.write_table(
        pa.Table.from_pylist(rows[1500:], schema=world.exchange_table.schema), folder / "a.parquet", row_group_size=400
    )
    ran = hunt(folder, tmp_path / "run", accounts=files[1])
    assert any(note.startswith("Clocks ran backwards") for note in ran.run["log"]["notes"])
    assert ran.verdicts == found.verdicts


def test_a_greeting_sent_by_each_account_is_no_excuse(hunt, world, files, tmp_path):
    rows = list(world.exchanges)
    for name in world.members:
        first = next((row for row in rows if row["account_id"] == name and row["turn"] == 1), None)
        if first is not None:
            greeting = {"exchange_id": f"{first['exchange_id']}-hi", "prompt": "hi", "context_out": None}
            rows.append({**first, **greeting, "ts": first["ts"] + timedelta(seconds=5)})
    log, _ = replace(world, exchanges=rows).write(tmp_path / "log")
    ran = hunt(log, tmp_path / "run", accounts=files[1])
    assert ran.code == ExitCode.FINDINGS


class TestUntil:
    def test_reads_nothing_later(self, hunt, world, files, campaign, tmp_path):
        log, accounts = files
        until = campaign["flagged_at"] + timedelta(hours=3, minutes=20)
        cut = hunt(log, tmp_path / "until", "--until", until.isoformat(), accounts=accounts)
        # the future is not only cut off: it was never there
        past_log, past_accounts = world.until(until).write(tmp_path / "past")
        past = hunt(past_log, tmp_path / "run", accounts=past_accounts)
        assert cut.verdicts == past.verdicts
        assert cut.campaigns == past.campaigns
        assert cut.code == past.code == ExitCode.FINDINGS
        assert datetime.fromisoformat(cut.run["log"]["last"]) <= until
        assert cut.run["settings"]["until"] == until.isoformat()

    @pytest.mark.parametrize("text", ["2026-09-07T08:00:00", "2026-09-07T10:00:00+02:00", "2026-09-07 08:00"])
    def test_a_time_without_zone_is_utc(self, hunt, files, tmp_path, text):
        ran = hunt(files[0], tmp_path / "run", "--until", text, "--quiet")
        assert ran.run["settings"]["until"] == "2026-09-07T08:00:00+00:00"

    def test_before_everything_is_an_empty_log(self, hunt, files, tmp_path):
        ran = hunt(files[0], tmp_path / "run", "--until", "2020-01-01", accounts=files[1])
        assert ran.code == ExitCode.DONE
        assert ran.verdicts == {}
        assert "the log holds no exchange up to 2020-01-01T00:00:00+00:00" in ran.run["log"]["notes"]


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A world whose campaign hands conversations on, which can be seen without text."""
    made = make_world(people=110, members=20, days=5, handed=0.5)
    return made, made.write(tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def blind(hunt, pool, tmp_path_factory):
    log, accounts = pool[1]
    return hunt(log, tmp_path_factory.mktemp("runs") / "run", "--metadata-only", accounts=accounts)


class TestMetadataOnly:
    def test_says_what_it_could_not_see(self, blind):
        run = blind.run
        assert any("there is no text" in each for each in run["guarantee"]["blind_to"])
        assert "text columns were not read (--metadata-only)" in run["log"]["notes"]
        assert run["log"]["with_text"] is False
        assert {"prompt"} <= set(run["log"]["missing"])
        assert "no text was read" in blind.err

    def test_text_changes_nothing(self, blind, hunt, pool, tmp_path):
        world, (_, accounts) = pool
        bare = replace(world, exchanges=[{**row, "prompt": None, "system_prompt": None} for row in world.exchanges])
        log, _ = bare.write(tmp_path / "log")
        assert hunt(log, tmp_path / "run", accounts=accounts).verdicts == blind.verdicts

    def test_finds_what_hand_offs_and_hours_show(self, blind, pool):
        world, _ = pool
        assert blind.code == ExitCode.FINDINGS
        assert len(blind.flagged) >= 0.6 * len(world.members)
        assert blind.flagged <= set(world.members)

    def test_shows_no_text(self, blind):
        [only] = blind.run["campaigns"]
        assert all(each["text"] is None for each in only["examples"] + only["neighbours"])
        assert only["novel_prompts"] is None


class TestNamesStay:
    def test_when_more_data_arrive_and_when_rerun(self, hunt, files, campaign, tmp_path):
        log, accounts = files
        out = tmp_path / "run"
        soon = campaign["flagged_at"] + timedelta(hours=1)
        early = hunt(log, out, "--until", soon.isoformat(), accounts=accounts)
        [first] = early.campaigns
        whole = hunt(log, out, accounts=accounts)
        [second] = whole.campaigns
        assert second["exchanges"] > first["exchanges"]
        assert second["campaign_id"] == first["campaign_id"]
        [third] = hunt(log, out, accounts=accounts).campaigns
        assert third == second

    def test_a_name_given_elsewhere_is_taken_over(self, hunt, files, found, tmp_path):
        log, accounts = files
        out = tmp_path / "run"
        shutil.copytree(found.folder, out)
        named = json.loads((out / "run.json").read_text("utf-8"))
        named["campaigns"][0]["campaign_id"] = "cmp-of-last-week"
        (out / "run.json").write_text(json.dumps(named), encoding="utf-8")
        [only] = hunt(log, out, accounts=accounts).campaigns
        assert only["campaign_id"] == "cmp-of-last-week"

    def test_an_earlier_run_that_cannot_be_read_is_no_obstacle(self, hunt, files, found, tmp_path):
        out = tmp_path / "run"
        out.mkdir()
        (out / "run.json").write_bytes(b'{"campaigns": [')
        ran = hunt(files[0], out, accounts=files[1])
        assert ran.verdicts == found.verdicts


@pytest.fixture(scope="module")
def secretive(world, tmp_path_factory):
    """The world with particulars in every prompt, early enough to stand in what is cut out of it."""
    rows = [
        {**row, "prompt": SECRET + str(row["prompt"]), "system_prompt": "SYSTEM " + SECRET} for row in world.exchanges
    ]
    return replace(world, exchanges=rows).write(tmp_path_factory.mktemp("secretive"))


class TestRedaction:
    def test_nothing_but_masked_cuts_leaves_the_log(self, hunt, secretive, tmp_path):
        log, accounts = secretive
        ran = hunt(log, tmp_path / "run", "--json", accounts=accounts)
        texts = {str(text) for text in pq.read_table(log, columns=["prompt"])["prompt"].to_pylist()}
        written = [html.unescape((ran.folder / "report.html").read_text("utf-8")), ran.out, ran.err]
        written.append((ran.folder / "run.json").read_text("utf-8"))
        written.append(json.dumps([*ran.campaigns, *ran.verdicts.values()], default=str))
        for text in written:
            for part in ("anna.keller", "5551234", "sk_9fK2", "SYSTEM"):
                assert part not in text
            assert not any(prompt[60:120] in text for prompt in texts if len(prompt) > 120)
        [only] = ran.run["campaigns"]
        shown = [each["text"] for each in only["examples"] + only["neighbours"]]
        assert len(shown) >= 5
        assert all(0 < len(text) <= 60 and text.startswith("Mail [e-mail]") for text in shown)

    def test_raw_text_is_shown_where_it_is_asked_for(self, hunt, secretive, tmp_path):
        log, accounts = secretive
        ran = hunt(log, tmp_path / "run", "--raw-text", accounts=accounts)
        [only] = ran.run["campaigns"]
        assert all(each["text"].startswith(SECRET) for each in only["examples"])
        assert SECRET.strip() in html.unescape((ran.folder / "report.html").read_text("utf-8"))
        assert ran.run["settings"]["text"] == "shown unredacted"

    def test_markup_in_the_log_stays_text(self, hunt, world, tmp_path):
        evil = "<script>alert(1)</script>\x1b[2J\u202e"
        rows = [{**row, "prompt": f"{evil} {row['prompt']}", "client": evil} for row in world.exchanges]
        log, accounts = replace(world, exchanges=rows).write(tmp_path / "log")
        ran = hunt(log, tmp_path / "run", "--raw-text", accounts=accounts)
        page = (ran.folder / "report.html").read_text("utf-8")
        assert ran.code == ExitCode.FINDINGS
        assert "<script" not in page
        assert "\x1b" not in page + ran.err
        assert "\u202e" not in page + ran.err


class TestOtherCommandsOnTheRun:
    def test_campaigns_list(self, stillwatch, found, campaign):
        code, out, err = stillwatch("campaigns", "list", "--run", found.folder)
        assert (code, err) == (ExitCode.DONE, "")
        assert out.splitlines()[1].startswith(campaign["campaign_id"])

    def test_campaigns_show(self, stillwatch, found, campaign):
        code, out, _ = stillwatch("campaigns", "show", campaign["campaign_id"], "--run", found.folder, "--json")
        assert code == ExitCode.DONE
        shown = json.loads(out)
        assert set(shown["account_ids"]) == found.flagged
        assert all(each["text"] is None for each in shown["examples"])

    @pytest.mark.parametrize("form", ["stix", "ocsf", "ecs", "csv", "json"])
    def test_campaigns_export(self, stillwatch, found, campaign, world, form):
        code, out, _ = stillwatch("campaigns", "export", "--run", found.folder, "--format", form)
        assert code == ExitCode.DONE
        assert campaign["campaign_id"] in out
        prompts = {str(row["prompt"]) for row in world.exchanges if row["account_id"] in found.flagged}
        assert not any(text[:50] in out for text in prompts if len(text) > 50)

    def test_explain_a_flagged_and_an_honest_account(self, stillwatch, found, campaign, world):
        code, out, _ = stillwatch("explain", min(found.flagged), "--run", found.folder)
        assert code == ExitCode.DONE
        assert campaign["campaign_id"] in out
        code, out, _ = stillwatch("explain", world.people[0], "--run", found.folder, "--json")
        assert code == ExitCode.DONE
        assert world.people[0] in out

    def test_explain_nobody(self, stillwatch, found):
        code, out, err = stillwatch("explain", "acct_nobody", "--run", found.folder)
        assert (code, out) == (ExitCode.USAGE, "")
        assert "acct_nobody" in err
