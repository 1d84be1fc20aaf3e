"""What people know already: labels clear, indicators are shown, and neither convicts."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import pytest

from stillwatch.errors import ExitCode


@pytest.fixture(scope="module")
def honest(world):
    """An honest account."""
    return world.people[7]


def write_csv(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_json(path, *rows):
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


class TestLabels:
    @pytest.mark.parametrize("write", [write_csv, write_jsonl, write_json])
    def test_a_cleared_account_is_not_flagged_and_says_who_cleared_it(self, hunt, files, found, tmp_path, write):
        cleared, *_ = sorted(found.flagged)
        row = {"account_id": cleared, "label": "legitimate", "by": "Trust team", "date": "2026-09-09"}
        labels = write(tmp_path / "labels", row)
        ran = hunt(files[0], tmp_path / "run", "--labels", labels, accounts=files[1])
        assert ran.flagged == found.flagged - {cleared}
        verdict = ran.verdicts[cleared]
        assert verdict["decision"] == "not-flagged"
        assert verdict["innocent"] == "cleared by Trust team (2026-09-09)"
        assert verdict["campaign_id"] is verdict["flagged_at"] is verdict["kind"] is None
        assert ran.run["settings"]["labels"] == "labels"

    def test_where_most_are_cleared_nobody_is_accused(self, hunt, files, world, tmp_path):
        rows = [{"account_id": name, "label": "legitimate", "by": "", "date": ""} for name in world.members[:15]]
        labels = write_csv(tmp_path / "labels.csv", *rows)
        ran = hunt(files[0], tmp_path / "run", "--labels", labels, accounts=files[1])
        assert ran.code == ExitCode.DONE
        assert ran.flagged == set()
        assert ran.verdicts[world.members[0]]["innocent"] == "cleared by an analyst (no date)"

    def test_a_malicious_label_convicts_nobody(self, hunt, files, found, honest, tmp_path):
        rows = [
            {"account_id": name, "label": "malicious", "by": "K.", "date": "2026-09-08"}
            for name in (honest, "acct_not_in_the_log")
        ]
        labels = write_jsonl(tmp_path / "labels.jsonl", *rows)
        ran = hunt(files[0], tmp_path / "run", "--labels", labels, accounts=files[1])
        assert ran.flagged == found.flagged
        assert "called malicious by K. (2026-09-08)" in ran.verdicts[honest]["why"]
        assert "acct_not_in_the_log" not in ran.verdicts


class TestKnown:
    def rows(self, world, honest):
        account = next(row for row in world.accounts if row["account_id"] == honest)
        sent = next(row for row in world.exchanges if row["account_id"] == honest)
        other = world.people[20]
        return [
            {"kind": "payment", "value": account["payment_fingerprint"], "source": "Provider B"},
            {"kind": "address", "value": sent["ip"], "source": "Provider B"},
            {"kind": "address", "value": "203.0.113.0/29", "source": "Provider C"},
            {"kind": "address", "value": "2001:db8::/32", "source": "Provider C"},
            {"kind": "account", "value": other, "source": ""},
            {"kind": "account", "value": "acct_not_in_the_log", "source": "Provider C"},
        ]

    @pytest.mark.parametrize("write", [write_csv, write_jsonl, write_json])
    def test_is_shown_and_never_convicts(self, hunt, files, world, found, honest, tmp_path, write):
        known = write(tmp_path / "known", *self.rows(world, honest))
        ran = hunt(files[0], tmp_path / "run", "--known", known, accounts=files[1])
        assert ran.flagged == found.flagged
        assert {n: v["score"] for n, v in ran.verdicts.items()} == {n: v["score"] for n, v in found.verdicts.items()}
        matched = {name: row["why"] for name, row in ran.verdicts.items() if "known indicator" in row["why"]}
        assert honest in matched
        assert not ran.verdicts[honest]["flagged"]
        assert re.search(r"payment card_\w+ \(reported by Provider B\)", matched[honest])
        assert matched[world.people[20]].endswith(f"account {world.people[20]} (reported by unknown).")
        assert found.flagged <= set(matched)
        assert len(matched) <= len(found.flagged) + 4
        assert all("known-indicator" in ran.verdicts[name]["reasons"] for name in found.flagged)

    def test_even_everybody_known_is_nobody_convicted(self, hunt, world, tmp_path):
        log, accounts = world.without_campaign().write(tmp_path / "log")
        rows = [{"kind": "account", "value": name, "source": "a poisoned feed"} for name in world.people]
        ran = hunt(log, tmp_path / "run", "--known", write_jsonl(tmp_path / "known.jsonl", *rows), accounts=accounts)
        assert (ran.code, ran.flagged) == (ExitCode.DONE, set())

    def test_a_client_and_a_mail_domain(self, hunt, world, tmp_path):
        few = replace(world, exchanges=world.exchanges[:200])
        log, accounts = few.write(tmp_path / "log")
        client = few.exchanges[0]["client"]
        domain = next(row["email_domain"] for row in few.accounts if str(row["email_domain"]).startswith("home"))
        rows = [{"kind": "client", "value": client}, {"kind": "mail domain", "value": domain}]
        ran = hunt(log, tmp_path / "run", "--known", write_json(tmp_path / "known", *rows), accounts=accounts)
        matched = {name for name, row in ran.verdicts.items() if "known indicator" in row["why"]}
        users = {row["account_id"] for row in few.exchanges if row["client"] == client}
        sent = {row["account_id"] for row in few.exchanges}
        owners = {row["account_id"] for row in few.accounts if row["email_domain"] == domain} & sent
        assert matched == users | owners

    def test_the_bundle_that_we_export_is_read_back(self, hunt, stillwatch, files, found, tmp_path):
        bundle = tmp_path / "bundle.json"
        code, _, _ = stillwatch(
            "campaigns",
            "export",
            "--run",
            found.folder,
            "--format",
            "stix",
            "--producer",
            "Provider B",
            "--out",
            bundle,
        )
        assert code == ExitCode.DONE
        author = next(o["id"] for o in json.loads(bundle.read_text())["objects"] if o.get("name") == "Provider B")
        ran = hunt(files[0], tmp_path / "run", "--known", bundle, accounts=files[1])
        assert ran.flagged == found.flagged
        assert all(f"(reported by {author})" in ran.verdicts[name]["why"] for name in found.flagged)

    @pytest.mark.parametrize(("until", "matches"), [("2026-09-06T23:00:00Z", False), ("2026-09-30T00:00:00Z", True)])
    def test_what_had_lapsed_before_the_log_began_is_not_looked_for(self, hunt, world, tmp_path, until, matches):
        few = replace(world, exchanges=world.exchanges[:200])
        log, _ = few.write(tmp_path / "log")
        lapsing = {
            "type": "indicator",
            "id": "indicator--1",
            "pattern": f"[ipv4-addr:value = '{few.exchanges[0]['ip']}']",
            "valid_until": until,
        }
        bundle = tmp_path / "bundle.json"
        bundle.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": [lapsing]}))
        ran = hunt(log, tmp_path / "run", "--known", bundle)
        assert any("known indicator" in each["why"] for each in ran.verdicts.values()) is matches

    @pytest.mark.parametrize(
        ("pattern", "matches"),
        [
            ("[ipv4-addr:value = '{ip}']", True),
            ("[ipv4-addr:value ISSUBSET '{ip}/32']", True),
            ("[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '{ip}']", True),
            ("[ipv4-addr:value = '192.0.2.1'] OR [ipv4-addr:value = '{ip}']", True),
            ("[ipv6-addr:value = '2001:db8::1']", False),
            ("[ipv4-addr:value != '{ip}']", False),
            ("[ipv4-addr:value = '{ip}' AND user-account:user_id = 'x']", False),
            ("[file:name = '{ip}']", False),
        ],
    )
    def test_patterns_of_a_foreign_bundle(self, hunt, world, honest, tmp_path, pattern, matches):
        few = replace(world, exchanges=world.exchanges[:200])
        log, _ = few.write(tmp_path / "log")
        row = few.exchanges[0]
        indicator = {"type": "indicator", "id": "indicator--1", "pattern": pattern.replace("{ip}", str(row["ip"]))}
        revoked = {**indicator, "pattern": "[ipv4-addr:value ISSUBSET '0.0.0.0/0']", "revoked": True}
        bundle = tmp_path / "bundle.json"
        bundle.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": [revoked, indicator]}, indent=1))
        ran = hunt(log, tmp_path / "run", "--known", bundle)
        users = {each["account_id"] for each in few.exchanges if each["ip"] == row["ip"]}
        matched = {name for name, each in ran.verdicts.items() if "known indicator" in each["why"]}
        assert matched == (users if matches else set())


class TestErrorsNameFileRowAndField:
    GOOD = '{"account_id": "a", "label": "legitimate"}\n'

    @pytest.mark.parametrize(
        ("option", "content", "parts"),
        [
            ("--labels", GOOD + '{"account_id": "a"}\n', ("row 2", "'label'")),
            ("--labels", GOOD + '\n{"account_id": "", "label": "legitimate"}\n', ("row 3", "'account_id'")),
            ("--labels", GOOD + '{"account_id": "b", "label": "suspicious"}\n', ("row 2", "label", "'suspicious'")),
            ("--labels", GOOD + "{broken\n", ("row 2", "JSON")),
            ("--labels", GOOD + '"text"\n', ("row 2", "JSON")),
            ("--labels", "account_id,verdict\na,legitimate\n", ("row 1", "'label'")),
            ("--labels", '[{"account_id": 7, "label": "legitimate"}]', ("row 1", "'account_id'", "7")),
            ("--labels", "[1, 2]", ("JSON",)),
            ("--known", "kind,value\naddress,192.0.2.1\naddress,192.0.2.999\n", ("row 2", "'value'", "192.0.2.999")),
            ("--known", "kind,value\nhash,abc\n", ("row 1", "'kind'", "'hash'", "mail domain")),
            ("--known", "kind\naddress\n", ("row 1", "'value'")),
            ("--known", '{"type": "bundle", "objects": [', ("JSON",)),
        ],
    )
    def test_wrong_content(self, hunt, files, tmp_path, option, content, parts):
        path = tmp_path / "knowledge.txt"
        path.write_text(content, encoding="utf-8")
        out = tmp_path / "run"
        ran = hunt(files[0], out, option, path)
        assert ran.code == ExitCode.USAGE
        assert ran.out == ""
        assert "Traceback" not in ran.err
        assert all(part in ran.err for part in ("knowledge.txt", *parts)), ran.err
        assert not out.exists()

    @pytest.mark.parametrize("option", ["--labels", "--known"])
    def test_wrong_file(self, hunt, files, tmp_path, option):
        out = tmp_path / "run"
        missing = hunt(files[0], out, option, tmp_path / "nothing.csv")
        assert missing.code == ExitCode.USAGE
        assert "nothing.csv" in missing.err
        (tmp_path / "bytes.csv").write_bytes(b"account_id,label\n\xff\xfe,legitimate\n")
        broken = hunt(files[0], out, option, tmp_path / "bytes.csv")
        assert broken.code == ExitCode.USAGE
        assert "bytes.csv" in broken.err
        assert not out.exists()
