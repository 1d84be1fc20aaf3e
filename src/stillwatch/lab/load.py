"""Scenario files: read, checked, changed by dotted settings, and completed by the look-alikes they include.

Every error names the file, the line, what is wrong there and what would be right. Shipped scenarios are found by name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from stillwatch.errors import ConfigurationError
from stillwatch.lab.check import Problem, problems
from stillwatch.lab.expand import expanded
from stillwatch.lab.scenario import (
    Filler,
    Group,
    Infrastructure,
    Pivot,
    Record,
    Scenario,
    Size,
    Tempo,
    Text,
)

Where = tuple[str | int, ...]
"""Keys and positions from the top of a file to one value."""
_PARTS: dict[str, type[msgspec.Struct]] = {
    "groups": Group,
    "text": Text,
    "filler": Filler,
    "tempo": Tempo,
    "infrastructure": Infrastructure,
    "record": Record,
    "size": Size,
    "pivot": Pivot,
}
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"(?:unknown field|required field) `([^`]+)`")
HINT = "The fields of a scenario are listed in docs/reference/scenarios.md."


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with the package."""
    folder = resources.files("stillwatch.lab") / "scenarios"
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_scenario(name: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Read a scenario: a file, or the name of a shipped one.

    Args:
        name: Path of a YAML file, or a name such as ``C3``.
        settings: Dotted changes such as ``people=500`` or ``groups.lab.text.filler.share=0.5``; a group is addressed by
            its name, those of included look-alikes too.

    Returns:
        The scenario with all groups in it, those of its look-alikes and the ordinary people included.

    Raises:
        ConfigurationError: the file is missing or wrong, or a setting is.
    """
    scenario = read_scenario(name)
    plain = {key: value for key, value in map(_setting, settings) if not key.startswith("groups.")}
    deep = {key: value for key, value in map(_setting, settings) if key.startswith("groups.")}
    if plain:
        scenario = _changed(scenario, plain)
    whole = expanded(scenario, read_scenario)
    return _changed(whole, deep) if deep else whole


def read_scenario(name: str | Path) -> Scenario:
    """Read and check one file, without what it includes."""
    label, text = _text(name)
    data, lines = _data(label, text)
    try:
        scenario = msgspec.convert(data, Scenario, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(label, lines, data, str(error)) from error
    for problem in problems(scenario, shipped()):
        raise ConfigurationError(
            f"{label}, line {_line(lines, problem.where)}: {_told(data, problem)}", hint=problem.fix
        )
    return scenario


def _text(name: str | Path) -> tuple[str, str]:
    path = Path(name)
    if path.is_file():
        try:
            return path.name, path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"Cannot read {path}: {error}.", hint="A scenario is a UTF-8 YAML file."
            ) from error
    names = shipped()
    if str(name) in names:
        return f"{name}.yaml", (resources.files("stillwatch.lab") / "scenarios" / f"{name}.yaml").read_text("utf-8")
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    raise ConfigurationError(
        f"There is no scenario {str(name)!r}: neither a file nor one of those shipped.",
        hint=f"Did you mean {near[0]}?" if near else f"Shipped: {', '.join(names) or 'none'}.",
    )


def _data(label: str, text: str) -> tuple[dict[str, Any], dict[Where, int]]:
    """The file as plain values, and the line of every one of them."""
    lines: dict[Where, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(f"{label}, line {line}: no valid YAML: {error.problem}.", hint=HINT) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{label}: no valid YAML: {error}.", hint=HINT) from error
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{label}, line 1: expected keys such as name, days and groups.", hint=HINT)
    value = _value(label, node, (), lines)
    assert isinstance(value, dict)
    return value, lines


def _value(label: str, node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    lines.setdefault(where, node.start_mark.line + 1)
    if len(where) > 20:
        raise ConfigurationError(f"{label}, line {lines[where]}: nested too deeply.", hint=HINT)
    if isinstance(node, yaml.MappingNode):
        out: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            lines[*where, name] = key.start_mark.line + 1
            if name in out:
                raise ConfigurationError(
                    f"{label}, line {lines[*where, name]}: the key {name!r} stands here twice.",
                    hint="Remove one of them.",
                )
            out[name] = _value(label, value, (*where, name), lines)
        return out
    if isinstance(node, yaml.SequenceNode):
        return [_value(label, value, (*where, at), lines) for at, value in enumerate(node.value)]
    if node.tag in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str"}:
        return node.value
    return yaml.SafeLoader("").construct_object(node)


def _line(lines: dict[Where, int], where: Where) -> int:
    """Line of a value, or of the nearest one above it that the file spells out."""
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def _steps(path: str) -> Where:
    """Steps of a path as msgspec writes it: ``$.groups[0].text``."""
    found: list[str | int] = []
    for name, number in _STEP.findall(path):
        found.append(name or (int(number) if number.isdigit() else number))
    return tuple(found)


def _wrong(label: str, lines: dict[Where, int], data: dict[str, Any], message: str) -> ConfigurationError:
    """What msgspec found, with its place in the file and the nearest valid key."""
    what, _, path = message.partition(" - at `")
    where = _steps(path.rstrip("`"))
    named = _FIELD.search(what)
    hint = HINT
    if named:
        valid = _fields(where)
        if "unknown" in what:
            where = (*where, named[1])
            near = difflib.get_close_matches(named[1], valid, n=1)
            what = f"unknown key {named[1]!r}"
            hint = f"Did you mean {near[0]!r}?" if near else f"Valid here: {', '.join(valid)}."
        else:
            what, hint = f"the key {named[1]!r} is missing", f"Add '{named[1]}: ...' here. {HINT}"
    problem = Problem(where, what[:1].lower() + what[1:], hint)
    return ConfigurationError(f"{label}, line {_line(lines, where)}: {_told(data, problem)}", hint=hint)


def _fields(where: Where) -> list[str]:
    part: type[msgspec.Struct] = Scenario
    for step in where:
        if isinstance(step, str) and step in _PARTS:
            part = _PARTS[step]
    return [field.name for field in msgspec.structs.fields(part)]


def _told(data: dict[str, Any], problem: Problem) -> str:
    """The place in words, groups by their names, and what is wrong there."""
    words: list[str] = []
    value: Any = data
    for step in problem.where:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | tuple) and step < len(value) else None
            words.append(str(value.get("name", step)) if isinstance(value, dict) else str(step))
        else:
            value = value.get(step) if isinstance(value, dict) else None
            words.append(str(step))
    return f"{'.'.join(words)}: {problem.what}" if words else problem.what


def _setting(text: str) -> tuple[str, Any]:
    """One change: a dotted key and a YAML value."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ConfigurationError(
            f"--set {text!r}: expected KEY=VALUE.", hint="For example --set groups.lab.text.filler.share=0.5"
        )
    try:
        node = yaml.compose(value, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"--set {text!r}: the value is no valid YAML.", hint="Quote it.") from error
    return key.strip(), None if node is None else _value("--set", node, (), {})


def _changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """The scenario with dotted changes made, checked anew."""
    data: dict[str, Any] = msgspec.to_builtins(scenario)
    for key, value in changes.items():
        _put(data, key, value)
    try:
        changed = msgspec.convert(data, Scenario, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong("--set", {}, data, str(error)) from error
    for problem in problems(changed, shipped()):
        raise ConfigurationError(f"--set: {_told(data, problem)}", hint=problem.fix)
    return changed


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    steps = key.split(".")
    place: Any = data
    for at, step in enumerate(steps[:-1]):
        if isinstance(place, list | tuple):
            place = _named(place, step, key)
        elif isinstance(place.get(step), dict | list | tuple):
            place = place[step]
        elif place.get(step, 0) is None:
            place[step] = {}
            place = place[step]
        else:
            raise _unknown(key, step, list(place) if at else [f.name for f in msgspec.structs.fields(Scenario)])
    if not isinstance(place, dict):
        raise ConfigurationError(f"--set {key}: a group cannot be replaced.", hint="Set one of its fields.")
    fixed = steps[-2] in _PARTS if len(steps) > 1 else True
    fixed = fixed or (len(steps) == 3 and steps[0] == "groups")
    if fixed and steps[-1] not in place:
        raise _unknown(key, steps[-1], list(place))
    place[steps[-1]] = value


def _named(groups: Sequence[dict[str, Any]], name: str, key: str) -> dict[str, Any]:
    for group in groups:
        if group["name"] == name:
            return group
    raise _unknown(key, name, [str(group["name"]) for group in groups])


def _unknown(key: str, step: str, valid: Sequence[str]) -> ConfigurationError:
    near = difflib.get_close_matches(step, valid, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Valid here: {', '.join(valid)}."
    return ConfigurationError(f"--set {key}: there is no {step!r} here.", hint=hint)


def each_shipped() -> Iterator[tuple[str, Scenario]]:
    """All shipped scenarios, read and checked, by name."""
    for name in shipped():
        yield name, read_scenario(name)
