from __future__ import annotations

import msgspec
import pytest

from stillwatch.apps.cli.app import run
from stillwatch.apps.run_folder import write_run
from stillwatch.errors import ExitCode
from stillwatch.testing import make_result, with_text_everywhere


def test_list_is_a_table_in_order(run_folder, capsys):
    assert run(["campaigns", "list", "--run", str(run_folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["campaign", "c-7f3a91", "c-5b2210", "c-pool01"]
    assert len({len(line) for line in lines}) == 1


def test_list_as_json_lines(run_folder, capsys):
    assert run(["campaigns", "list", "--run", str(run_folder), "--json"]) == 0
    ids = [msgspec.json.decode(line)["campaign_id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == ["c-7f3a91", "c-5b2210", "c-pool01"]


def test_show_one_by_its_id_or_a_former_one(run_folder, capsys):
    assert run(["campaigns", "show", "c-7f3a91", "--run", str(run_folder)]) == 0
    assert capsys.readouterr().out.startswith("Campaign c-7f3a91 (extraction)\n")
    assert run(["campaigns", "show", "c-02d4e8", "--run", str(run_folder), "--json"]) == 0
    shown = msgspec.json.decode(capsys.readouterr().out)
    assert shown["campaign_id"] == "c-7f3a91"
    assert {each["text"] for each in shown["examples"]} == {None}


def test_an_unknown_campaign_names_those_there_are(run_folder, capsys):
    assert run(["campaigns", "show", "c-7f3a92", "--run", str(run_folder)]) == ExitCode.USAGE
    assert "c-7f3a91" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["stix", "ocsf", "ecs", "csv", "json"])
def test_export_to_stdout_and_to_a_file_agree(run_folder, capsys, tmp_path, form):
    assert run(["campaigns", "export", "--run", str(run_folder), "--format", form]) == 0
    text = capsys.readouterr().out
    assert "c-7f3a91" in text
    out = tmp_path / "export"
    assert run(["campaigns", "export", "--run", str(run_folder), "--format", form, "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert out.read_bytes().decode() == text
    assert [each.name for each in tmp_path.iterdir()] == ["export"]


def test_export_of_chosen_campaigns(run_folder, capsys):
    assert run(["campaigns", "export", "c-pool01", "--run", str(run_folder), "--format", "json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_export_to_a_place_that_is_not_there_fails_cleanly(run_folder, capsys, tmp_path):
    code = run(
        ["campaigns", "export", "--run", str(run_folder), "--format", "csv", "--out", str(tmp_path / "no" / "file")]
    )
    assert code == ExitCode.FAILED
    assert "cannot write" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_run_folder(capsys, tmp_path):
    assert run(["campaigns", "list", "--run", str(tmp_path)]) == ExitCode.USAGE
    assert "no run folder" in capsys.readouterr().err


def test_hostile_names_are_shown_and_not_obeyed(capsys, tmp_path):
    write_run(with_text_everywhere(make_result(), "\x1b[2J\u202e"), tmp_path / "run", report_html="")
    assert run(["campaigns", "list", "--run", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert "\\x1b[2J" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
