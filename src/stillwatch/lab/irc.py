"""People of a public chat: messages of individuals, read from IRC logs that the reader supplies.

Lines look like ``[09:14] <nick> text``; the day stands in the file's name (``2004-12-25.train-c.raw.txt``). Files without a
day are passed over and counted, since one message a day cannot be told in them. Kept are messages of six words or more.

Nobody's name stays: nicks become keyed hashes (BLAKE2b) as they are read, a nick that addresses a message is cut off, and
nicks inside messages are removed. Two rules keep programs and crowds from passing as individuals: names with ``bot`` in
them, and the default names of clients (``guest12``, ``ubuntu``), which many people share. Trailing marks (``nick_``,
``nick|away``) are cut, since the same person comes back under them.

Source of the format: Kummerfeld et al. 2019, "A Large-Scale Corpus for Conversation Disentanglement" (the repository
``jkkummerfeld/irc-disentanglement``, CC BY 4.0). None of its text is part of this project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path

from stillwatch.errors import InputError

SUFFIX = ".raw.txt"
FEWEST_WORDS = 6
MOST_CHARACTERS = 4096
"""A line longer than this is no chat message; IRC itself ends at 512 bytes."""
SHORTEST_NICK = 3
"""Nicks shorter than this are left inside messages: they are words more often than names."""

_LINE = re.compile(r"\[\d\d:\d\d\] <([^>\s]{1,64})> ?(.*)")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MARKS = re.compile(r"(\|[^|]*|[_`^-]+)$")
_CROWD = re.compile(r"bot|^(?:guest|user|anonymous|unknown|ubuntu|kubuntu|xubuntu)[\d_]*$")
_ADDRESSED = re.compile(r"^@?([^\s:,]{1,64})([:,])\s+")
_WORD = re.compile(r"[\w\[\]{}\\|^`-]+")
_KEY_BYTES = 64


@dataclass(frozen=True)
class Message:
    """What one person said: keyed hash of the nick, day as an ordinal number, text without nicks."""

    person: str
    day: int
    text: str


@dataclass(frozen=True)
class Chat:
    """Messages in the order of files and lines, and what was passed over on the way."""

    messages: tuple[Message, ...]
    files: int
    figures: dict[str, int] = field(default_factory=dict)


def read_irc(folder: Path, key: bytes) -> Chat:
    """Read the logs below ``folder``.

    Args:
        folder: Looked through to any depth for files ending in ``.raw.txt``.
        key: Key of the nicks' hashes, 1 to 64 bytes; not kept.

    Raises:
        InputError: No folder, no such file with a day in its name, or no message in any of them.
        ValueError: No key, or a longer one.
    """
    if not 1 <= len(key) <= _KEY_BYTES:
        raise ValueError(f"expected a key of 1 to {_KEY_BYTES} bytes, found {len(key)}")
    hint = "Give the folder of IRC logs, such as a copy of jkkummerfeld/irc-disentanglement (data/**/*.raw.txt)."
    if not folder.is_dir():
        raise InputError(f"no folder {folder}", hint=hint)
    every = sorted(folder.rglob(f"*{SUFFIX}"))
    dated = [(path, found) for path in every if (found := _day(path.name)) is not None]
    if not dated:
        raise InputError(f"{folder} holds no {SUFFIX} file with a day in its name", hint=hint)
    figures = dict.fromkeys(("files_without_day", "other_lines", "doubles", "crowd", "short"), 0)
    figures["files_without_day"] = len(every) - len(dated)
    lines = list(dict.fromkeys(_spoken(dated, figures)))
    figures["doubles"] = figures.pop("spoken", 0) - len(lines)
    nicks = {nick.lower() for _, nick, _, _ in lines}
    messages = []
    for day, nick, said, _ in lines:
        person = _person(nick)
        if person is None:
            figures["crowd"] += 1
            continue
        text = without_nicks(said, nicks)
        if len(text.split()) < FEWEST_WORDS:
            figures["short"] += 1
            continue
        messages.append(Message(blake2b(person.encode(), key=key, digest_size=8).hexdigest(), day, text))
    if not messages:
        raise InputError(f"the {len(dated)} files of {folder} hold no message of {FEWEST_WORDS} words", hint=hint)
    return Chat(tuple(messages), len(dated), figures)


def _day(name: str) -> int | None:
    found = _DAY.search(name)
    if not found:
        return None
    try:
        return date(*map(int, found.groups())).toordinal()
    except ValueError:
        return None


def _spoken(files: list[tuple[Path, int]], figures: dict[str, int]) -> Iterator[tuple[int, str, str, str]]:
    """Day, nick, text and clock of every spoken line; the clock tells a repeated line from one that two files share."""
    for path, day in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}", hint="Check its permissions.") from error
        for line in text.split("\n"):
            found = _LINE.fullmatch(line.rstrip("\r")) if len(line) <= MOST_CHARACTERS else None
            if found is None:
                figures["other_lines"] += bool(line.strip())
                continue
            figures["spoken"] = figures.get("spoken", 0) + 1
            yield day, found[1], found[2].strip(), line[:7]


def _person(nick: str) -> str | None:
    """The nick without its passing marks; none for programs and names that many people share."""
    plain = nick.lower()
    while (cut := _MARKS.sub("", plain)) != plain and cut:
        plain = cut
    return None if _CROWD.search(plain) else plain


def without_nicks(text: str, nicks: set[str]) -> str:
    """Cut off whom a message addresses, and remove nicks from the rest.

    Args:
        text: One message.
        nicks: Every nick of the logs, in lower case. A word before a colon counts as one even where it is not among them.
    """
    while found := _ADDRESSED.match(text):
        if found[2] == "," and found[1].lower() not in nicks:
            break
        text = text[found.end() :]
    kept = _WORD.sub(lambda m: "" if len(m[0]) >= SHORTEST_NICK and m[0].lower() in nicks else m[0], text)
    return " ".join(kept.split())
