"""Help blocks of the documentation: ``<!-- help: stillwatch COMMAND -->`` before a fenced block. Run it to write them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- help: stillwatch(?P<words>[a-z -]*) -->\n```text\n(?P<text>.*?)```\n", re.DOTALL)
_RUN = "import sys; from stillwatch.apps.cli.app import run; sys.exit(run(sys.argv[1:]))"


def commands(*parent: str) -> list[tuple[str, ...]]:
    """All commands, with those of groups, as words after ``stillwatch``."""
    found = []
    for name in re.findall(r"^│ ([a-z][a-z-]*) ", _panel(help_text(*parent), "Commands"), re.MULTILINE):
        found += [(*parent, name), *commands(*parent, name)]
    return found


def _panel(text: str, title: str) -> str:
    match = re.search(rf"^╭─ {title} ─+╮\n(.*?)^╰", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def help_text(*words: str) -> str:
    """The help of a command as a terminal of 100 columns shows it."""
    keep = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "SYSTEMROOT"}}
    shown = subprocess.run(
        [sys.executable, "-c", _RUN, *words, "--help"],
        env={
            **keep,
            "PYTHONPATH": str(ROOT / "src"),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONUTF8": "1",
        },
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return "\n".join(line.rstrip() for line in shown.stdout.strip("\n").splitlines()) + "\n"


def filled(page: str) -> str:
    """The page with every help block as it is now."""

    def block(match: re.Match[str]) -> str:
        text = help_text(*match["words"].split())
        return f"<!-- help: stillwatch{match['words']} -->\n```text\n{text}```\n"

    return BLOCK.sub(block, page)


def all_commands() -> str:
    """The reference page: what stands before the first block stays, then one block for each command."""
    head = (ROOT / "docs/reference/commands.md").read_text("utf-8").partition("\n## ")[0].rstrip("\n")
    parts = [
        f"## stillwatch {' '.join(c)}\n\n<!-- help: stillwatch {' '.join(c)} -->\n```text\n```\n" for c in commands()
    ]
    return filled("\n\n".join([head, *(part.rstrip("\n") for part in parts)]) + "\n")


if __name__ == "__main__":
    (ROOT / "docs/reference/commands.md").write_text(all_commands(), "utf-8")
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text("utf-8")), "utf-8")
