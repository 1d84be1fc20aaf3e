"""Rows of one group in a chunk, and the parts that several voices share: words, added sentences, tasks.

Everything follows from the keys of the rows; nothing is drawn in sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.lab.corpora import Pool
from stillwatch.lab.draws import Ints, Keys, below, choose, draw, uniform
from stillwatch.lab.joining import framed, join, scatter, take
from stillwatch.lab.population import Party
from stillwatch.lab.scenario import Deal, Role, Voice
from stillwatch.lab.voices import Speakers
from stillwatch.lab.words import RECORDS
from stillwatch.lab.world import World

_TOPICS = 16


@dataclass(frozen=True)
class Rows:
    """Rows of one group in a chunk."""

    world: World
    party: Party
    account: Ints
    account_key: Keys
    talk: Keys
    message: Keys
    turn: Ints
    speaker: Ints
    filler: npt.NDArray[np.bool_]
    room: Ints
    """Further sentences that the size of the request leaves room for."""

    def __len__(self) -> int:
        """Rows."""
        return len(self.talk)

    def some(self, rows: Ints) -> Rows:
        """Rows of the rows."""
        return Rows(
            self.world,
            self.party,
            *(
                getattr(self, name)[rows]
                for name in ("account", "account_key", "talk", "message", "turn", "speaker", "filler", "room")
            ),
        )

    @property
    def people(self) -> Speakers:
        """Who speaks: the account, one of the many behind it, a relay's customer, or a made-up filler person."""
        text, party = self.party.group.text, self.party
        if party.group.role is Role.BROKER:
            person = draw(party.key, "customer", self.speaker)
        elif text.speakers > 1:
            person = draw(self.account_key, "speaker", self.speaker)
        else:
            person = draw(self.account_key, "person")
        if text.filler.voice is Voice.CORPUS:
            made_up = draw(party.key, "filler person", below(draw(self.talk, "filler person"), 20 * party.seats + 500))
            person = np.where(self.filler, made_up, person)
        return Speakers(person, self.message)


def any_word(rows: Rows, use: str, at: int = 0) -> pa.Array:
    """A word of the vocabulary for each row."""
    words = rows.world.corpora.words
    return take(words, below(draw(rows.message, use, at), len(words)))


def records(rows: Rows, sentences: Ints, gap: str) -> pa.Array:
    """Sentences that a corpus or a machine adds, each row its own number."""
    text = pa.array(np.full(len(rows), ""), pa.string())
    for at in range(int(sentences.max(initial=0))):
        where_ = np.flatnonzero(sentences > at)
        some = rows.some(where_)
        frame = below(draw(some.message, "record", at), len(RECORDS))
        sentence = join(gap, framed(RECORDS, frame, any_word(some, "gap one", at), any_word(some, "gap two", at)))
        text = join(text, scatter(len(rows), [(where_, sentence)]).fill_null(""))
    return text


def task_of(rows: Rows) -> Keys:
    """Key of the task that a conversation is about."""
    tasks = rows.party.group.text.tasks
    if tasks == 0:
        return draw(rows.talk, "task")
    share = rows.party.seats / rows.party.group.accounts
    return draw(rows.party.key, "task", rows.speaker % max(1, round(tasks * share)))


def pools_of(rows: Rows, task: Keys, otherwise: str) -> list[tuple[Ints, Pool]]:
    """Rows by the pool that their capability draws on."""
    weights = rows.party.group.text.capabilities or {otherwise: 1.0}
    which = choose(draw(task, "capability"), weights.values())
    pools = rows.world.corpora.pools
    return [(np.flatnonzero(which == number), pools[name]) for number, name in enumerate(weights)]


def cores(rows: Rows, task: Keys) -> pa.Array:
    """The tasks themselves: prompts of the capability, sharded by subject where the group deals so."""
    parts = []
    for at, pool in pools_of(rows, task, "knowledge"):
        place = uniform(draw(task[at], "core"))
        if rows.party.group.text.deal is Deal.TOPIC:
            topic = below(draw(rows.account_key[at], "topic"), _TOPICS)
            place = (topic + place) / _TOPICS
        parts.append((at, take(pool.texts, (place * len(pool)).astype(np.int64))))
    return scatter(len(rows), parts)
