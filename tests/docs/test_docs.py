"""What the documentation says is so, and what there is appears in it."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from stillwatch.errors import ExitCode
from stillwatch.events.adapters.catalogue import FORMATS
from stillwatch.events.model import ACCOUNTS, EXCHANGES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
sys.path.insert(0, str(Path(__file__).parent))
blocks = importlib.import_module("help_blocks")
sys.path.pop(0)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def words() -> str:
    return "\n".join(page.read_text("utf-8") for page in PAGES)


@cache
def commands() -> list[tuple[str, ...]]:
    return blocks.commands()


def signals() -> list[str]:
    if importlib.util.find_spec("stillwatch.detect.signals") is None:
        pytest.skip("there is no catalogue of signals yet")
    catalogue = importlib.import_module("stillwatch.detect.signals").CATALOGUE
    names = catalogue.keys() if hasattr(catalogue, "keys") else (signal.name for signal in catalogue)
    return [str(each) for each in names]


class TestEverythingIsNamed:
    def test_commands(self):
        assert ("hunt",) in commands()
        missing = [c for c in commands() if f"stillwatch {' '.join(c)}" not in words()]
        assert missing == []

    @pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
    def test_exit_code(self, code):
        page = (ROOT / "docs/reference/exit-codes.md").read_text("utf-8")
        assert re.search(rf"^\| {int(code)} \| {code.name} \| \w", page, re.MULTILINE)

    def test_signals(self):
        assert [signal for signal in signals() if f"`{signal}`" not in words()] == []

    @pytest.mark.parametrize("form", FORMATS)
    def test_format(self, form):
        assert f"`{form}`" in words()

    def test_columns(self):
        page = (ROOT / "docs/reference/exchange-log.md").read_text("utf-8")
        assert [column.name for column in (*EXCHANGES, *ACCOUNTS) if f"`{column.name}`" not in page] == []

    def test_extras(self):
        import tomllib  # noqa: PLC0415 - only this test reads the project file

        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        page = (ROOT / "docs/decisions/0001-layout-and-tools.md").read_text("utf-8")
        assert [extra for extra in extras if f"`{extra}`" not in page] == []

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs/index.md").read_text("utf-8")
        pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.is_relative_to(ROOT / "docs")]
        assert [page for page in pages if page != "index.md" and f"({page})" not in index] == []


class TestHelp:
    @pytest.mark.parametrize("page", [p for p in PAGES if "<!-- help:" in p.read_text("utf-8")], ids=name)
    def test_blocks_are_the_real_help(self, page):
        text = page.read_text("utf-8")
        assert text.count("<!-- help:") == len(blocks.BLOCK.findall(text)), "a help block is not well formed"
        assert text == blocks.filled(text), "run: make docs"

    def test_reference_has_every_command(self):
        assert (ROOT / "docs/reference/commands.md").read_text("utf-8") == blocks.all_commands(), "run: make docs"


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=name)
    def test_relative_links_lead_somewhere(self, page):
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)\s]+)\)", text)
        broken = []
        for target in targets:
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            there = (page.parent / path).resolve() if path else page
            if not there.exists() or (anchor and anchor not in anchors(there)):
                broken.append(target)
        assert broken == []


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


EXAMPLES = [
    pytest.param(code, id=f"{name(page)}-{number}")
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE), 1
    )
]


class TestExamples:
    @pytest.mark.parametrize("code", EXAMPLES)
    def test_runs(self, code, tmp_path):
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, check=False,
                              env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}, encoding="utf-8")  # fmt: skip
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize(
        "target", re.findall(r"^make (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    def test_what_readme_makes_is_there(self, target):
        assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
