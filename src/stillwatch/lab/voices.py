"""How a person writes: interests, words, projects and habits of typing, all following from the person's key.

Interests are stretches of the pool of prompts around places that the person drew, so that two people share one only by
chance, and no stretch is a topic of anybody's taxonomy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.lab.corpora import Corpora, Pool
from stillwatch.lab.draws import Ints, Keys, below, draw, exponential, uniform
from stillwatch.lab.joining import framed, join, scatter, take, where
from stillwatch.lab.languages import TONGUES
from stillwatch.lab.words import (
    DETAILS,
    FOLLOWUPS,
    GREETINGS,
    LEADS,
    MISSPELT,
    PROJECT_FIRST,
    PROJECT_SECOND,
    SHORT_FOLLOWUPS,
    SIGNOFFS,
    STOPS,
)

_SEPARATORS = (". ", ", ", ". ", "\n", " - ", "; ", ". ", " and ")
_WORDS, _PROJECTS = 14, 3


@dataclass(frozen=True)
class Speakers:
    """People and their messages: the key of the person and of the message, row by row."""

    person: Keys
    message: Keys

    def __getitem__(self, rows: Ints) -> Speakers:
        """Some of the rows."""
        return Speakers(self.person[rows], self.message[rows])


def personal(corpora: Corpora, who: Speakers, tongue: str, length: Ints | int = 0) -> pa.Array:
    """First messages of conversations.

    Args:
        corpora: Prompts and words.
        who: Persons and messages.
        tongue: Language.
        length: Further sentences that the size of the request leaves room for, at most.
    """
    if len(who.person) == 0:
        return pa.array([], pa.string())
    if tongue != "en":
        return _foreign(corpora, who, tongue)
    pool = corpora.pools["personal"]
    core = take(pool.bare, interests(who, pool))
    text = join(
        _habit(GREETINGS, who, "greeting", 2), _habit(LEADS, who, "lead", 6), core, _habit(STOPS, who, "stop", 2)
    )
    wordy = 0.3 + 1.9 * uniform(draw(who.person, "wordy"))
    sentences = np.minimum(4, np.floor(exponential(draw(who.message, "details")) * wordy).astype(np.int64))
    sentences = np.minimum(6, sentences + below(draw(who.message, "more"), 1 + np.asarray(length)))
    text = join(text, _details(corpora, who, sentences), _habit(SIGNOFFS, who, "sign-off", 2))
    return typed(who, text)


def interests(who: Speakers, pool: Pool) -> Ints:
    """Which prompt of the pool a message starts from: one of the person's one to four interests, seldom anything."""
    many = 1 + below(draw(who.person, "interests"), 4)
    liked = np.floor(uniform(draw(who.message, "interest")) ** 1.6 * many).astype(np.int64)
    centre = below(draw(who.person, "interest", liked), len(pool))
    width = 12 + below(draw(who.person, "width", liked), 140)
    near = (centre + below(draw(who.message, "prompt"), width)) % len(pool)
    curious = uniform(draw(who.message, "curious")) < 0.12
    return np.where(curious, below(draw(who.message, "anything"), len(pool)), near)


def _habit(table: tuple[str, ...], who: Speakers, use: str, choices: int) -> pa.Array:
    """An entry of the few that a person uses."""
    which = below(draw(who.message, use), choices)
    return take(table, below(draw(who.person, use, which), len(table)))


def own_words(corpora: Corpora, who: Speakers, use: str) -> pa.Array:
    """Words of the person's own; one in five is any word, one in five one of its projects."""
    slot = below(draw(who.message, use), _WORDS)
    kind = uniform(draw(who.message, f"{use} kind"))
    own = below(draw(who.person, "word", slot), len(corpora.words))
    word = take(corpora.words, np.where(kind < 0.2, below(draw(who.message, f"{use} any"), len(corpora.words)), own))
    project = join(
        take(PROJECT_FIRST, below(draw(who.person, "project", slot % _PROJECTS), len(PROJECT_FIRST))),
        " ",
        take(PROJECT_SECOND, below(draw(who.person, "project of", slot % _PROJECTS), len(PROJECT_SECOND))),
    )
    return where(kind > 0.8, project, word)


def _details(corpora: Corpora, who: Speakers, sentences: Ints) -> pa.Array:
    """As many sentences about a person's life as asked for, each row its own number."""
    text = pa.array(np.full(len(sentences), ""), pa.string())
    for at in range(int(sentences.max(initial=0))):
        rows = np.flatnonzero(sentences > at)
        some = who[rows]
        mine = below(draw(some.message, "which detail", at), 9)
        frame = below(draw(some.person, "detail", mine), len(DETAILS))
        words = [own_words(corpora, some, f"{gap} word {at}") for gap in ("first", "second")]
        sentence = join(_habit(_SEPARATORS, some, "separator", 1), framed(DETAILS, frame, *words))
        text = join(text, pc.fill_null(scatter(len(sentences), [(rows, sentence)]), ""))
    return text


def followup(corpora: Corpora, who: Speakers, tongue: str) -> pa.Array:
    """What people write in the further turns of a conversation."""
    if len(who.person) == 0:
        return pa.array([], pa.string())
    if tongue != "en":
        return _foreign(corpora, who, tongue)
    mine = below(draw(who.message, "follow"), 5)
    frame = below(draw(who.person, "follow", mine), len(FOLLOWUPS))
    long = framed(FOLLOWUPS, frame, own_words(corpora, who, "first word"), own_words(corpora, who, "second word"))
    short = take(SHORT_FOLLOWUPS, below(draw(who.message, "short"), len(SHORT_FOLLOWUPS)))
    text = where(uniform(draw(who.message, "brief")) < 0.22, short, join(long, _habit(STOPS, who, "stop", 2)))
    return typed(who, text)


def _foreign(corpora: Corpora, who: Speakers, tongue: str) -> pa.Array:
    """Messages in a language other than English: a question and one or two further sentences."""
    pool, words = corpora.pools[f"lang:{tongue}"], TONGUES[tongue]
    core = take(pool.bare, interests(who, pool))
    pieces: list[pa.Array | str] = [core, _habit(STOPS, who, "stop", 2)]
    for at in range(2):
        detail = words.details[:]
        cut = [part.split("_") for part in detail]
        frame = below(draw(who.message, "detail", at), len(cut))
        thing = below(draw(who.person, "thing", below(draw(who.message, "thing", at), 4)), len(words.things))
        own = own_words(corpora, who, f"word {at}")
        pieces += [" ", take([part[0] for part in cut], frame), take(words.things, thing), " (", own, ")"]
        pieces.append(take([part[1] for part in cut], frame))
    return join(*pieces)


def typed(who: Speakers, text: pa.Array) -> pa.Array:
    """The text as the person types it: case and typing errors."""
    lower = uniform(draw(who.person, "case"))
    now = uniform(draw(who.message, "case")) < np.where(lower < 0.35, 1.0, np.where(lower < 0.6, 0.3, 0.0))
    text = where(now, pc.utf8_lower(text), text)
    habit = below(draw(who.person, "typing"), 2 * len(MISSPELT))
    careless = uniform(draw(who.message, "careless")) < 0.5
    parts: list[tuple[Ints, pa.Array]] = [(np.flatnonzero(~((habit < len(MISSPELT)) & careless)), text)]
    parts[0] = (parts[0][0], text.take(pa.array(parts[0][0])))
    for number, errors in enumerate(MISSPELT):
        rows = np.flatnonzero((habit == number) & careless)
        if len(rows) == 0:
            continue
        some = text.take(pa.array(rows))
        for right, wrong in errors:
            some = pc.replace_substring(some, right, wrong, max_replacements=2)
        parts.append((rows, some))
    return scatter(len(text), parts)
