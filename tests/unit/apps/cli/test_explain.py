from __future__ import annotations

import msgspec

from stillwatch.apps.cli.app import run
from stillwatch.errors import ExitCode


def test_words_and_json_say_the_same(run_folder, capsys):
    assert run(["explain", "acct-01203", "--run", str(run_folder)]) == 0
    assert "Flagged as part of extraction campaign c-7f3a91" in capsys.readouterr().out
    assert run(["explain", "acct-01203", "--run", str(run_folder), "--json"]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert (answer["decision"], answer["set_id"], answer["innocent"]) == (
        "flagged",
        "c-7f3a91",
        "declared synthetic data",
    )


def test_an_unknown_account_is_a_usage_error(run_folder, capsys):
    assert run(["explain", "acct-0120", "--run", str(run_folder)]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert "Nearest ids" in said.err
