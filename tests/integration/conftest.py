"""The command as users run it, on a small made-up world."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.apps.cli.app import run
from stillwatch.testing.worlds import make_world


@dataclass(frozen=True)
class Ran:
    """What a command returned, printed and wrote."""

    code: int
    out: str
    err: str
    folder: Path

    @cached_property
    def verdicts(self):
        return {row["account_id"]: row for row in pq.read_table(self.folder / "verdicts.parquet").to_pylist()}

    @cached_property
    def flagged(self):
        return {name for name, row in self.verdicts.items() if row["flagged"]}

    @cached_property
    def campaigns(self):
        return pq.read_table(self.folder / "campaigns.parquet").to_pylist()

    @cached_property
    def run(self):
        return json.loads((self.folder / "run.json").read_text("utf-8"))

    @cached_property
    def rejected(self):
        return {(each["field"], each["reason"]): each["rows"] for each in self.run["rejected"]}


def command(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="session")
def stillwatch():
    """Runs a command; returns (code, stdout, stderr)."""
    return command


@pytest.fixture(scope="session")
def hunt():
    """Runs a hunt into ``out``."""

    def hunted(log, out, *words, accounts=None):
        more = () if accounts is None else ("--accounts", accounts)
        return Ran(*command("hunt", log, "--out", out, *more, *words), out)

    return hunted


@pytest.fixture(scope="session")
def world():
    """Sixty people and a campaign of twenty accounts, four days."""
    return make_world(people=60, members=20, days=4, per_day=7)


@pytest.fixture(scope="session")
def files(world, tmp_path_factory):
    """The world as (exchanges, accounts) on disk."""
    return world.write(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def found(hunt, files, tmp_path_factory):
    """A hunt over the whole world, which finds the campaign."""
    log, accounts = files
    return hunt(log, tmp_path_factory.mktemp("runs") / "found", "--json", accounts=accounts)
