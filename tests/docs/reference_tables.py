"""What pages of reference take from the code: the catalogue of signals, and the values of constants. Run it to write them.

Three things are filled in:

* between ``<!-- begin signals -->`` and ``<!-- end signals -->``, the signal catalogue;
* in rows that begin with a constant's full name, such as ``| `campaigns.links.MOST_SHARED` | 60 |``, its value;
* in running text, the value after a constant's name: ```ALIKE` = 0.7``.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/stillwatch"
SIGNALS = ROOT / "docs/reference/signals.md"
SETTINGS = ROOT / "docs/reference/settings.md"
PROSE = (
    ROOT / "docs/explanation/method.md",
    ROOT / "docs/explanation/limits.md",
    ROOT / "docs/how-to/metadata-only.md",
)
MODULES = (
    *(f"detect.{name}" for name in ("individuality", "families", "openings", "cells", "setup")),
    *(f"campaigns.{name}" for name in ("links", "communities", "candidates", "looks", "found", "following", "membership")),
    *(f"campaigns.{name}" for name in ("innocent", "kinds", "counting", "context", "guarantee", "verdicts", "service")),
)  # fmt: skip
"""Modules all of whose constants that decide anything must stand in the table."""
BLOCK = re.compile(r"(?<=<!-- begin signals -->\n).*?(?=<!-- end signals -->)", re.DOTALL)
ROW = re.compile(r"^(\| `(\w+\.\w+)\.([A-Z_]+)` \| )([^|]*)( \|)", re.MULTILINE)
MENTION = re.compile(r"(`((?:\w+\.)?[A-Z_]+)` = )(-?\d+(?:,\d{3})*(?:\.\d+)?)")
ELSEWHERE = {
    "individuality-content": "together with style, as `individuality-text`; not judged alone",
}
"""Signals that a run uses without giving their name as a reason."""


@cache
def constants(module: str) -> dict[str, object]:
    """Numbers, and tuples, mappings and sets of plain values, that a module defines under a name in capitals."""
    tree = ast.parse((SOURCE / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    names = [
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and re.fullmatch(r"[A-Z][A-Z_]*", target.id)
    ]
    loaded = importlib.import_module(f"stillwatch.{module}")
    values = {name: getattr(loaded, name) for name in names}
    return {name: value for name, value in values.items() if shown(value) is not None}


def shown(value: object) -> str | None:
    """A value as a page shows it; None where it is no setting (texts, tables of words)."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple) and all(isinstance(part, (int, float, tuple)) for part in value):
        return ", ".join(f"({shown(part)})" if isinstance(part, tuple) else str(shown(part)) for part in value)
    if isinstance(value, dict) and all(isinstance(part, (int, float)) for part in value.values()):
        return ", ".join(f"{key} {part:g}" for key, part in value.items())
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return None


def in_a_run(name: str) -> str:
    """Where a signal shows in a run: found by its name in the code that makes verdicts and claims."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    named = any(f'"{name}"' in path.read_text("utf-8") for path in SOURCE.glob("campaigns/*.py"))
    return "reason or claim" if named else "not computed in this version"


def signal_pages() -> str:
    """The catalogue: one section for each signal."""
    catalogue = importlib.import_module("stillwatch.detect.signals").CATALOGUE
    parts = ["\n| signal | may carry a verdict | in a run |", "| --- | --- | --- |"]
    for each in catalogue.values():
        carries = "yes" if each.evidence else "no: context"
        parts.append(f"| [`{each.name}`](#{each.name}) | {carries} | {in_a_run(each.name)} |")
    for each in catalogue.values():
        parts += [
            f"\n### {each.name}\n",
            f"Sees: {each.sees}.\n",
            f"- **Columns**: {', '.join(f'`{column}`' for column in each.columns)}",
            f"- **Null hypothesis**: {each.null}",
            f"- **Innocent causes**: {'; '.join(each.innocent)}",
            f"- **May carry a verdict**: {'yes' if each.evidence else 'no'}",
            f"- **In a run**: {in_a_run(each.name)}",
        ]
    return "\n".join(parts) + "\n\n"


def filled(page: str) -> str:
    """A page with the catalogue and the values as they are now."""
    if BLOCK.search(page):
        catalogue = signal_pages()
        page = BLOCK.sub(lambda _match: catalogue, page)
    page = ROW.sub(lambda m: m[1] + (shown(constants(m[2]).get(m[3])) or "not there any more") + m[5], page)
    return MENTION.sub(lambda m: m[1] + value_of(m[2]), page)


def value_of(name: str) -> str:
    """The value of a constant named as ``NAME``, or as ``module.NAME`` where several modules have one of that name."""
    module, _, last = name.rpartition(".")
    found = {
        str(shown(constants(each)[last]))
        for each in MODULES
        if last in constants(each) and (not module or each.endswith(f".{module}"))
    }
    return found.pop() if len(found) == 1 else f"({len(found)} values)"


def pages() -> tuple[Path, ...]:
    """The pages that are filled in."""
    return (SIGNALS, SETTINGS, *PROSE)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    for path in pages():
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
