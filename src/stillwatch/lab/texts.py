"""Prompts of a chunk of exchanges: for each group its voice, for each row its own text.

A pure function of the numbers and the corpora: the same row has the same text in every chunk.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.lab.draws import Ints, below, choose, draw, exponential, root, uniform
from stillwatch.lab.joining import framed, join, scatter, take, where
from stillwatch.lab.scenario import Text, Voice
from stillwatch.lab.schedule import FILLER, Exchanges
from stillwatch.lab.texts_corpus import corpus, slots
from stillwatch.lab.texts_rows import Rows, any_word, cores, pools_of, records
from stillwatch.lab.voices import Speakers, followup, interests, own_words, personal
from stillwatch.lab.wordings import BENCHMARK_HEADS
from stillwatch.lab.words import LEADS, RESULTS, STOPS, TASK_HEADS, TASK_LABELS
from stillwatch.lab.world import World

_STRIDE = 7_919  # a prime: goes through a pool in an order that is not the pool's own


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
        Voice.CORPUS: corpus,
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
    for at, pool in pools_of(rows, rows.message, "personal"):
        parts.append((at, take(pool.texts, interests(Speakers(own.person[at], rows.message[at]), pool))))
    sentences = np.minimum(5, 1 + below(draw(rows.message, "sentences"), 1 + rows.room))
    body = scatter(len(rows), parts)
    manners = rows.party.group.text.elicitation
    if manners:  # a judge, a data factory: the instruction is that of its trade
        manner = choose(draw(own.person, "manner"), manners.values())
        bits = [draw(own.person, "wording", slot) for slot in range(4)]
        before, instruction, after, form = slots(list(manners), manner, bits)
        return join(before, " ", instruction, label, body, records(rows, sentences, " "), "\n", after, " ", form)
    return join(head, label, body, records(rows, sentences, " "))


def _assignment(rows: Rows) -> pa.Array:
    """A few tasks that everybody words for themselves: words left out, sentences turned, something of one's own added."""
    people = rows.people
    tasks = max(1, rows.party.group.text.tasks)
    task = draw(rows.party.key, "assignment", below(draw(rows.message, "assignment"), tasks))
    assigned = [str(text) for text in cores(rows, task).to_pylist()]
    dropped = uniform(draw(rows.message, "dropped")) * 0.35
    reworded = []
    for row, text in enumerate(assigned):
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
    for at, pool in pools_of(rows, draw(root("benchmark"), "item", number), "exam"):
        items = min(len(pool), text.tasks) if text.tasks else len(pool)
        parts.append((at, take(pool.texts, (number[at] % items) * _STRIDE % len(pool))))
    head = BENCHMARK_HEADS[int(below(draw(rows.party.key, "head"), len(BENCHMARK_HEADS))[0])]
    items_of = join(head, scatter(len(rows), parts))
    if not text.elicitation:
        return items_of
    manner = choose(draw(rows.party.key, "manner", number % 4), text.elicitation.values())
    bits = [draw(rows.party.key, f"slot {slot}", manner) for slot in range(4)]
    _, instruction, _, form = slots(list(text.elicitation), manner, bits)
    return join(items_of, "\n", instruction, " ", form)


def _results(rows: Rows) -> pa.Array:
    """What a machine sends in further turns: results of tools."""
    frame = below(draw(rows.message, "result"), len(RESULTS))
    first, second = any_word(rows, "first"), any_word(rows, "second")
    line = take([str(value) for value in range(400)], below(draw(rows.message, "line"), 400))
    text = join(framed(RESULTS, frame, first, second), "\n", any_word(rows, "third"), ":", line)
    return join(text, records(rows, below(draw(rows.message, "sentences"), 1 + rows.room), "\n"))
