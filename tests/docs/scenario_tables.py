"""What the page of scenarios takes from the code. Run it to write them.

Three things are filled in:

* between ``<!-- begin campaigns -->`` and its end, and likewise ``look-alikes``, a table of the shipped files;
* in rows that begin with a field's full name, such as ``| `text.deal` |``, the values it takes and its default;
* between ``<!-- begin names -->`` and its end, the names that mixtures may weigh.

What a field means is written by hand in the page; the tests ask for a row for each.
"""

from __future__ import annotations

import enum
import re
import sys
import types
import typing
from importlib import resources
from pathlib import Path

import msgspec
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/scenarios.md"
ROW = re.compile(r"^(\| `([a-z0-9_.]+)` \| )([^|]*)( \| )([^|]*)( \|)", re.MULTILINE)
BLOCK = re.compile(r"(<!-- begin ([a-z-]+) -->\n).*?(?=<!-- end \2 -->)", re.DOTALL)


def schema():
    """The module of the schema."""
    if str(ROOT / "src") not in sys.path:
        sys.path.insert(0, str(ROOT / "src"))
    import stillwatch.lab.scenario as module  # noqa: PLC0415 - after the path is set, when run as a script

    return module


def is_part(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def fields() -> dict[str, tuple[str, str]]:
    """Each field's full name: what it takes, its default."""
    module = schema()
    found: dict[str, tuple[str, str]] = {}

    def walk(struct: type, prefix: str) -> None:
        hints = typing.get_type_hints(struct, include_extras=True)
        for field in msgspec.structs.fields(struct):
            hint = hints[field.name]
            inner = part_of(hint)
            name = f"{prefix}{field.name}"
            if inner is not None and not is_list(hint):
                if type(None) in typing.get_args(hint):
                    found[name] = ("a part", "none")
                walk(inner, f"{name}.")
            else:
                found[name] = (taken(hint), default(field))

    walk(module.Scenario, "")
    walk(module.Group, "group.")
    return found


def is_list(hint: object) -> bool:
    return typing.get_origin(hint) is tuple


def part_of(hint: object) -> type | None:
    """The nested part that a field holds, alone or where there is one."""
    if is_part(hint):
        return typing.cast("type", hint)
    inner = [each for each in typing.get_args(hint) if is_part(each)]
    return inner[0] if inner else None


def taken(hint: object) -> str:
    """What a field takes, in words."""
    if typing.get_origin(hint) is typing.Annotated:
        base, *notes = typing.get_args(hint)
        return bounded(base, [note for note in notes if isinstance(note, msgspec.Meta)])
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return f"{taken(next(each for each in inner if each is not type(None)))} or none"
    if origin is dict:
        return f"weights by {'name' if inner[0] is str else taken(inner[0])}"
    if origin is tuple:
        return "from, to" if inner[-1] is float else "list"
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return ", ".join(f"`{each.value}`" for each in hint)
    return {str: "text", bool: "true, false", float: "number", int: "whole number"}.get(hint, str(hint))


def bounded(base: type, notes: list[msgspec.Meta]) -> str:
    word = {float: "number", int: "whole number", str: "text"}[base]
    for note in notes:
        if note.ge is not None and (note.le is not None or note.lt is not None):
            return f"{note.ge} to {note.le if note.le is not None else f'below {note.lt}'}"
        if note.ge is not None:
            return f"{word}, {note.ge} or more"
        if note.gt is not None:
            return f"{word} above {note.gt}"
    return word


def default(field: msgspec.structs.FieldInfo) -> str:
    """A field's default as one writes it in a file."""
    if field.required:
        return "required"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if value is None or value in ("", {}, ()):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key} {weight:g}" for key, weight in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"{part:g}" for part in value)
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def shipped():
    """The shipped scenarios by name, those with numbers in the order of their numbers."""
    folder = resources.files(schema().__name__.rpartition(".")[0]) / "scenarios"
    worlds = [
        msgspec.convert(yaml.safe_load(each.read_text("utf-8")), schema().Scenario)
        for each in folder.iterdir()
        if each.name.endswith(".yaml")
    ]
    return {each.name: each for each in sorted(worlds, key=lambda w: (w.name[0], len(w.name), w.name))}


def share(weights: dict[str, float]) -> str:
    total = sum(weights.values())
    return ", ".join(f"{key} {100 * weight / total:.0f}" for key, weight in weights.items()) or "as each likes"


def active(world, group) -> float:
    return group.tempo.active_days or world.days - group.tempo.start_day


def setting(group) -> str:
    """Infrastructure and rhythm in a few words."""
    net, tempo = group.infrastructure, group.tempo
    parts = [f"{'/'.join(net.network)}", f"addresses shared {100 * net.address_reuse:.0f} %"]
    if net.payment > 1:
        parts.append(f"{net.payment:g} accounts a {'promotion code' if net.promo else 'payment'}")
    parts.append(tempo.hours.value + (" in the same minutes" if tempo.synchronised else ""))
    if tempo.lifetime_days:
        parts.append(f"accounts live {tempo.lifetime_days:g} days")
    if group.text.filler.share:
        parts.append(
            f"{100 * group.text.filler.share:.0f} % ordinary traffic mixed in ({group.text.filler.voice.value})"
        )
    if group.text.paraphrase:
        parts.append(f"{100 * group.text.paraphrase:.0f} % worded anew")
    if group.text.handoff:
        parts.append(f"{100 * group.text.handoff:.0f} % of continued exchanges handed on")
    if group.text.speakers > 1:
        parts.append(f"{group.text.speakers:,} people an account")
    if group.pivot:
        parts.append(f"{100 * group.pivot.share:.0f} % to a new model within {group.pivot.hours:g} h")
    if group.rider:
        parts.append(f"rides on {group.rider}, {100 * group.rider_share:.0f} % of its traffic")
    if group.record.declared_use:
        parts.append(f"declared {group.record.declared_use}")
    return "; ".join(parts)


def row_of(world, group) -> str:
    cells = [
        world.name,
        group.name,
        f"{group.accounts:,}",
        f"{group.exchanges:,}",
        f"{active(world, group):g}",
        f"{group.text.voice.value}: {share(group.text.capabilities)}; {share(group.text.elicitation)}",
        setting(group),
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "\n| scenario | group | accounts | exchanges | days | says: capabilities; elicitation (%) | how |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


def campaigns() -> str:
    module = schema()
    lines = [
        row_of(world, group)
        for name, world in shipped().items()
        if name.startswith("C")
        for group in world.groups
        if group.role is not module.Role.BENIGN
    ]
    budgets = [
        f"| {name} | {world.title}{' (expected miss)' if world.expected_miss else ''} | {world.anchor} "
        f"| {', '.join(world.include)} | {world.query_budget} | {world.data_budget} | {world.interface} |"
        for name, world in shipped().items()
        if name.startswith("C")
    ]
    head = (
        "\n| scenario | what | anchor | look-alikes in its world | query budget | data budget | interface |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    return head + "\n".join(budgets) + "\n" + HEAD + "\n".join(lines) + "\n\n"


def look_alikes() -> str:
    lines = [
        row_of(world, group) for name, world in shipped().items() if name.startswith("B") for group in world.groups
    ]
    return HEAD + "\n".join(lines) + "\n\n"


def names() -> str:
    module = schema()
    rows = {"capabilities": module.CAPABILITIES, "elicitation": module.ELICITATIONS, "languages": module.LANGUAGES}
    listed = "\n".join(
        f"- **{key}**: {', '.join(f'`{each}`' for each in sorted(value))}" for key, value in rows.items()
    )
    return f"\n{listed}\n\n"


def filled(page: str) -> str:
    """The page with the files, fields and names as they are now."""
    makers = {"campaigns": campaigns, "look-alikes": look_alikes, "names": names}
    page = BLOCK.sub(lambda match: match[1] + makers[match[2]](), page)
    known = fields()

    def row(match: re.Match[str]) -> str:
        takes, value = known.get(match[2], ("not there any more", ""))
        return match[1] + takes + match[4] + value + match[6]

    return ROW.sub(row, page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
