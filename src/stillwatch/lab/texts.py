"""Prompts of a chunk of exchanges: for each group its voice, for each row its own text.

A pure function of the numbers and the corpora: the same row has the same text in every chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.lab.corpora import Pool
from stillwatch.lab.draws import Ints, Keys, below, choose, draw, exponential, root, uniform
from stillwatch.lab.joining import framed, join, scatter, take, where
from stillwatch.lab.languages import PINS_EN, TONGUES
from stillwatch.lab.population import Party
from stillwatch.lab.scenario import Deal, Role, Text, Voice
from stillwatch.lab.schedule import FILLER, Exchanges
from stillwatch.lab.voices import Speakers, followup, interests, own_words, personal
from stillwatch.lab.wordings import BENCHMARK_HEADS, WRAPPERS
from stillwatch.lab.words import LEADS, RECORDS, RESULTS, STOPS, TASK_HEADS, TASK_LABELS
from stillwatch.lab.world import World

_TOPICS = 16
_BREAKS = ("\n\n", "\n", " ", "\n\n", "\n---\n")
_STRIDE = 7_919  # a prime: goes through a pool in an order that is not the pool's own


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
            customers = max(1, party.seats * text.speakers)
            person = draw(party.key, "customer", below(draw(self.talk, "customer"), customers))
        elif text.speakers > 1:
            person = draw(self.account_key, "speaker", self.speaker)
        else:
            person = draw(self.account_key, "person")
        if text.filler.voice is Voice.CORPUS:
            made_up = draw(party.key, "filler person", below(draw(self.talk, "filler person"), 20 * party.seats + 500))
            person = np.where(self.filler, made_up, person)
        return Speakers(person, self.message)


def prompts(world: World, chunk: Exchanges, target: Ints) -> pa.Array:
    """Texts of the last user message of each exchange.

    Args:
        world: Groups, accounts and corpora.
        chunk: The exchanges.
        target: Input tokens that each request would have by its group's size.
    """
    parts: list[tuple[Ints, pa.Array]] = []
    for party in world.parties:
        at = np.flatnonzero(chunk.party == party.number)
        if len(at) == 0:
            continue
        account = chunk.account[at].astype(np.int64)
        talk, turn = chunk.talk[at], chunk.turn[at].astype(np.int64)
        rows = Rows(
            world,
            party,
            account,
            world.accounts.key[account],
            talk,
            draw(talk, "message", turn),
            turn,
            chunk.speaker[at].astype(np.int64),
            (chunk.flags[at] & FILLER) > 0,
            np.clip(target[at] // 60, 0, 4),
        )
        parts += [(at[where_], text) for where_, text in _party(rows)]
    return scatter(len(chunk), parts)


def _party(rows: Rows) -> list[tuple[Ints, pa.Array]]:
    text = rows.party.group.text
    human = text.voice in {Voice.PERSONAL, Voice.ASSIGNMENT}
    first = rows.turn == 1
    by_person = rows.filler | human
    kinds = {
        "own": first & (rows.filler | (text.voice is Voice.PERSONAL)),
        "task": first & ~(rows.filler | (text.voice is Voice.PERSONAL)),
        "reply": ~first & by_person & (rows.party.group.size.tools == 0),
        "result": ~first & ~(by_person & (rows.party.group.size.tools == 0)),
    }
    voices = {
        Voice.CORPUS: _corpus,
        Voice.TEMPLATE: _template,
        Voice.ASSIGNMENT: _assignment,
        Voice.BENCHMARK: _benchmark,
    }
    parts: list[tuple[Ints, pa.Array]] = []
    for kind, mask in kinds.items():
        at = np.flatnonzero(mask)
        if len(at) == 0:
            continue
        some = rows.some(at)
        if kind == "task":
            parts.append((at, voices[text.voice](some)))
        elif kind == "result":
            parts.append((at, _results(some)))
        else:
            parts += [(at[inner], column) for inner, column in _spoken(some, reply=kind == "reply")]
    return parts


def _spoken(rows: Rows, *, reply: bool) -> list[tuple[Ints, pa.Array]]:
    """People's messages, language by language."""
    languages = list(rows.party.group.text.languages)
    people = rows.people
    if rows.party.group.text.speakers > 1:
        weights = rows.party.group.text.languages.values()
        language = choose(draw(people.person, "language"), weights)
    else:
        language = rows.world.accounts.language[rows.account]
        same = rows.world.accounts.party[rows.account] == rows.party.number
        language = np.where(same, language, 0)
    parts = []
    for number, tongue in enumerate(languages):
        at = np.flatnonzero(language == number)
        if len(at):
            make = followup if reply else personal
            some = people[at]
            parts.append((at, make(rows.world.corpora, some, tongue, *(() if reply else (rows.room[at] // 2,)))))
    return parts


def _any_word(rows: Rows, use: str, at: int = 0) -> pa.Array:
    words = rows.world.corpora.words
    return take(words, below(draw(rows.message, use, at), len(words)))


def _records(rows: Rows, sentences: Ints, gap: str) -> pa.Array:
    """Sentences that a corpus or a machine adds, each row its own number."""
    text = pa.array(np.full(len(rows), ""), pa.string())
    for at in range(int(sentences.max(initial=0))):
        where_ = np.flatnonzero(sentences > at)
        some = rows.some(where_)
        frame = below(draw(some.message, "record", at), len(RECORDS))
        sentence = join(gap, framed(RECORDS, frame, _any_word(some, "gap one", at), _any_word(some, "gap two", at)))
        text = join(text, scatter(len(rows), [(where_, sentence)]).fill_null(""))
    return text


def _task(rows: Rows) -> Keys:
    """Key of the task that a conversation is about."""
    tasks = rows.party.group.text.tasks
    if tasks == 0:
        return draw(rows.talk, "task")
    share = rows.party.seats / rows.party.group.accounts
    return draw(rows.party.key, "task", rows.speaker % max(1, round(tasks * share)))


def _pools(rows: Rows, task: Keys, otherwise: str) -> list[tuple[Ints, Pool]]:
    """Rows by the pool that their capability draws on."""
    weights = rows.party.group.text.capabilities or {otherwise: 1.0}
    which = choose(draw(task, "capability"), weights.values())
    pools = rows.world.corpora.pools
    return [(np.flatnonzero(which == number), pools[name]) for number, name in enumerate(weights)]


def _cores(rows: Rows, task: Keys) -> pa.Array:
    """The tasks themselves: prompts of the capability, sharded by subject where the group deals so."""
    parts = []
    for at, pool in _pools(rows, task, "knowledge"):
        place = uniform(draw(task[at], "core"))
        if rows.party.group.text.deal is Deal.TOPIC:
            topic = below(draw(rows.account_key[at], "topic"), _TOPICS)
            place = (topic + place) / _TOPICS
        parts.append((at, take(pool.texts, (place * len(pool)).astype(np.int64))))
    return scatter(len(rows), parts)


def _corpus(rows: Rows) -> pa.Array:
    """Tasks of a corpus, wrapped so as to draw training material out of the model."""
    text, key = rows.party.group.text, rows.party.key
    task = _task(rows)
    names = list(text.elicitation or {"plain": 1.0})
    manner = choose(draw(task, "elicitation"), (text.elicitation or {"plain": 1.0}).values())
    template = below(draw(task, "template"), text.templates)
    reworded = uniform(draw(rows.message, "paraphrase")) < text.paraphrase
    slots = []
    for slot in range(4):
        tables = [WRAPPERS[name][slot] for name in names]
        base = np.cumsum([0, *map(len, tables)])[manner]
        size = np.array([len(table) for table in tables])[manner]
        fixed = draw(draw(key, f"slot {slot}", manner), "template", template)
        chosen = below(np.where(reworded, draw(rows.message, "wording", slot), fixed), size)
        slots.append(take([entry for table in tables for entry in table], base + chosen))
    before, instruction, after, form = slots
    layout = np.where(reworded, draw(rows.message, "layout"), draw(draw(key, "layout", manner), "template", template))
    gap = take(_BREAKS, below(layout, len(_BREAKS)))
    language = choose(draw(task, "language"), text.languages.values())
    core, pin = _cores(rows, task), _pins(rows, manner, language)
    core = _in_language(rows, core, task, np.where(np.array(names)[manner] == "pinned", -1, language))
    sentences = np.minimum(5, 1 + below(draw(rows.message, "sentences"), 1 + rows.room))
    body = join(core, _records(rows, sentences, "\n"))
    head, tail = join(before, " ", instruction, pin), join(after, " ", form)
    turned = (layout & np.uint64(1)) == 1
    return where(
        turned, join(head, " ", after, gap, body, gap, form), join(before, gap, body, gap, instruction, pin, " ", tail)
    )


def _pins(rows: Rows, manner: Ints, language: Ints) -> pa.Array:
    """Instructions that fix the language of the answer, where the manner asks for it."""
    text = rows.party.group.text
    pinned = np.array([name == "pinned" for name in text.elicitation or {"plain": 1.0}])[manner]
    if not pinned.any():
        return pa.array(np.full(len(rows), ""), pa.string())
    parts = []
    for number, code in enumerate(text.languages):
        at = np.flatnonzero(language == number)
        pins = PINS_EN if code == "en" else TONGUES[code].pins
        parts.append((at, join(" ", take(pins, below(draw(rows.message[at], "pin"), len(pins))))))
    return where(pinned, scatter(len(rows), parts), "")


def _in_language(rows: Rows, core: pa.Array, task: Keys, language: Ints) -> pa.Array:
    """Replace the tasks of other languages than English by those of their pool."""
    codes = list(rows.party.group.text.languages)
    parts = []
    rest = np.ones(len(rows), dtype=np.bool_)
    for number, code in enumerate(codes):
        at = np.flatnonzero(language == number)
        if code == "en" or len(at) == 0:
            continue
        pool = rows.world.corpora.pools[f"lang:{code}"]
        parts.append((at, take(pool.texts, below(draw(task[at], "core"), len(pool)))))
        rest[at] = False
    left = np.flatnonzero(rest)
    return scatter(len(rows), [*parts, (left, core.take(pa.array(left)))]) if parts else core


def _template(rows: Rows) -> pa.Array:
    """One template per owner or account, filled with ever new records."""
    owner = rows.world.accounts.owner[rows.account]
    person = np.where(owner > 0, owner, rows.account_key)
    which = below(draw(rows.message, "template"), rows.party.group.text.templates)
    own = Speakers(draw(person, "template", which), draw(person, "template", which))
    words = rows.world.corpora.words
    gaps = [take(words, below(draw(own.person, use), len(words))) for use in ("first", "second")]
    head = framed(TASK_HEADS, below(draw(own.person, "head"), len(TASK_HEADS)), *gaps)
    label = take(TASK_LABELS, below(draw(own.person, "label"), len(TASK_LABELS)))
    parts = []
    for at, pool in _pools(rows, rows.message, "personal"):
        parts.append((at, take(pool.texts, interests(Speakers(own.person[at], rows.message[at]), pool))))
    sentences = np.minimum(5, 1 + below(draw(rows.message, "sentences"), 1 + rows.room))
    return join(head, label, scatter(len(rows), parts), _records(rows, sentences, " "))


def _assignment(rows: Rows) -> pa.Array:
    """A few tasks that everybody words for themselves: words left out, sentences turned, something of one's own added."""
    people = rows.people
    tasks = max(1, rows.party.group.text.tasks)
    task = draw(rows.party.key, "assignment", below(draw(rows.message, "assignment"), tasks))
    cores = [str(text) for text in _cores(rows, task).to_pylist()]
    dropped = uniform(draw(rows.message, "dropped")) * 0.35
    reworded = []
    for row, text in enumerate(cores):
        words = text.split()[:60]
        keep = uniform(draw(rows.message[row : row + 1], "keep", np.arange(len(words)))) > dropped[row]
        kept = [word for word, stays in zip(words, keep, strict=True) if stays] or words
        turn = int(dropped[row] * 100) % max(1, len(kept)) if dropped[row] > 0.2 else 0
        reworded.append(" ".join(kept[turn:] + kept[:turn]))
    lead = take(LEADS, below(draw(people.message, "lead"), len(LEADS)))
    stop = take(STOPS, below(draw(people.person, "stop"), len(STOPS)))
    own = own_words(rows.world.corpora, people, "own")
    added = where(exponential(draw(rows.message, "added")) > 0.7, join(" (", own, ")"), "")
    return join(lead, pa.array(reworded, pa.string()), stop, added)


def _benchmark(rows: Rows) -> pa.Array:
    """The items of a public benchmark in turn, each as often as ``samples`` says, after the harness's fixed head."""
    text: Text = rows.party.group.text
    number = rows.speaker // text.samples
    parts = []
    for at, pool in _pools(rows, draw(root("benchmark"), "item", number), "exam"):
        items = min(len(pool), text.tasks) if text.tasks else len(pool)
        parts.append((at, take(pool.texts, (number[at] % items) * _STRIDE % len(pool))))
    head = BENCHMARK_HEADS[int(below(draw(rows.party.key, "head"), len(BENCHMARK_HEADS))[0])]
    return join(head, scatter(len(rows), parts))


def _results(rows: Rows) -> pa.Array:
    """What a machine sends in further turns: results of tools."""
    frame = below(draw(rows.message, "result"), len(RESULTS))
    first, second = _any_word(rows, "first"), _any_word(rows, "second")
    line = take([str(value) for value in range(400)], below(draw(rows.message, "line"), 400))
    text = join(framed(RESULTS, frame, first, second), "\n", _any_word(rows, "third"), ":", line)
    return join(text, _records(rows, below(draw(rows.message, "sentences"), 1 + rows.room), "\n"))
