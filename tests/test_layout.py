"""House rules that a machine can hold: sizes, names, docstrings, and what tracked files must not contain."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted(path for folder in ("src", "tests", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py"))
SOURCE = [path for path in CODE if path.is_relative_to(ROOT / "src")]
LONGEST = 600
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

# Put together from parts, so that this file does not contain what it forbids.
HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "crates" + ".io",
    "ana" + "conda.org",
]
PLACES = [rf"(?<![\w.~-])/{top}/" for top in ("work", "root", "Users", "opt/" + "(?:pypi|wheels)")]
FORBIDDEN = re.compile("|".join([*map(re.escape, HOSTS), *PLACES]))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / part.decode() for part in listed.split(b"\0") if part]


@pytest.mark.parametrize("path", CODE, ids=name)
def test_file_is_not_too_long(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", CODE, ids=name)
def test_name_says_something(path):
    assert not EMPTY_NAMES & {part.removesuffix(".py").strip("_") for part in path.relative_to(ROOT).parts}


@pytest.mark.parametrize("path", SOURCE, ids=name)
def test_module_has_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_no_tracked_file_names_a_registry_or_a_place_on_a_machine():
    found = []
    for path in tracked():
        if not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}: {match[0]}" for match in FORBIDDEN.finditer(text)]
    assert found == []


def test_locks_hold_hashes_and_no_address():
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert [lock.name for lock in locks] == ["base.lock", "dev.lock"]
    for lock in locks:
        text = lock.read_text("utf-8")
        assert not re.search(r"https?:|file:|--(?:extra-)?index-url|--find-links", text)
        pins = re.findall(r"^[a-z0-9._-]+(?:\[.*\])?==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(pins) > 20
        assert all("--hash=sha256:" in pin for pin in pins)
