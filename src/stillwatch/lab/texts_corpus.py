"""Corpora: tasks wrapped so as to draw training material out of a model, dealt over the accounts of a group."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.lab.draws import Ints, Keys, below, choose, draw, uniform
from stillwatch.lab.joining import join, scatter, take, where
from stillwatch.lab.languages import PINS_EN, TONGUES
from stillwatch.lab.texts_rows import Rows, cores, records, task_of
from stillwatch.lab.wordings import WRAPPERS

_BREAKS = ("\n\n", "\n", " ", "\n\n", "\n---\n")


def slots(names: list[str], manner: Ints, bits: list[Keys]) -> list[pa.Array]:
    """Wordings of the four slots around a task: before, instruction, after, form.

    Args:
        names: Ways of eliciting.
        manner: Which of them each row uses.
        bits: For each slot, what decides on the wording of each row.
    """
    out = []
    for slot in range(4):
        tables = [WRAPPERS[name][slot] for name in names]
        base = np.cumsum([0, *map(len, tables)])[manner]
        size = np.array([len(table) for table in tables])[manner]
        out.append(take([entry for table in tables for entry in table], base + below(bits[slot], size)))
    return out


def corpus(rows: Rows) -> pa.Array:
    """Tasks of a corpus, wrapped so as to draw training material out of the model."""
    text, key = rows.party.group.text, rows.party.key
    task = task_of(rows)
    names = list(text.elicitation or {"plain": 1.0})
    manner = choose(draw(task, "elicitation"), (text.elicitation or {"plain": 1.0}).values())
    template = below(draw(task, "template"), text.templates)
    reworded = uniform(draw(rows.message, "paraphrase")) < text.paraphrase
    bits = []
    for slot in range(4):
        fixed = draw(draw(key, f"slot {slot}", manner), "template", template)
        bits.append(np.where(reworded, draw(rows.message, "wording", slot), fixed))
    before, instruction, after, form = slots(names, manner, bits)
    layout = np.where(reworded, draw(rows.message, "layout"), draw(draw(key, "layout", manner), "template", template))
    gap = take(_BREAKS, below(layout, len(_BREAKS)))
    language = choose(draw(task, "language"), text.languages.values())
    core, pin = cores(rows, task), _pins(rows, manner, language)
    core = _in_language(rows, core, task, np.where(np.array(names)[manner] == "pinned", -1, language))
    sentences = np.minimum(5, 1 + below(draw(rows.message, "sentences"), 1 + rows.room))
    body = join(core, records(rows, sentences, "\n"))
    head, tail = join(before, " ", instruction, pin), join(after, " ", form)
    turned = (layout & np.uint64(1)) == 1
    joined = where(
        turned, join(head, " ", after, gap, body, gap, form), join(before, gap, body, gap, instruction, pin, " ", tail)
    )
    return pc.utf8_trim_whitespace(joined)


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
