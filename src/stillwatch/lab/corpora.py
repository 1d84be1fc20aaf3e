"""What a world is made from: prompts, words, address ranges and arrival shapes; real ones where a folder holds them.

Prompts lie in pools, one per capability, one per language, and ``personal`` for what people ask. Within a pool they are
ordered by neighbourhood, that is by source and by the rarest of their words that others use too, so that an interest is
a stretch of a pool. Nothing of the detector (its cells, its embeddings, its lexicons) is used here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.lab.draws import Floats, Ints, below, draw, root
from stillwatch.lab.languages import TONGUES
from stillwatch.lab.words import CODE_SUBJECTS, GENERATED, OWN_WORDS, SUBJECTS

LONGEST = 1_500
"""Characters after which a prompt of a source is cut."""
_WORD = re.compile(r"[a-z]{4,14}")
_GENERATED_PROMPTS = 4_000
_SLOTS = 2_016
"""Windows of ten minutes in two weeks: the length of the arrival shapes."""

SOURCES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "reasoning": (("reasoning", ()),),
    "coding": (("code", ()), ("attack", ("gpteacher-codegen",))),
    "agentic": (("code", ("stack-overflow-titles",)), ("attack", ("gpteacher-codegen", "gorilla-apibench"))),
    "tools": (("attack", ("gpteacher-toolformer", "gorilla-apibench", "glaive-en")), ("eval", ("bfcl",))),
    "knowledge": (("attack", ("t0-templates",)), ("organic", ("query-wellformedness",))),
    "exam": (("eval", ("mmlu", "big-bench-hard", "human-eval", "fastchat-judge")), ("reasoning", ())),
    "writing": (("attack", ("gpteacher-roleplay", "dpo-en-demo")), ("organic", ("arena-hard-v2",))),
    "data": (("attack", ("t0-templates",)), ("organic", ("banking77",))),
    "vision": (("organic", ("query-wellformedness", "arena-hard-v2")),),
    "safety": (("safety", ()),),
    "translation": (("organic", ("clinc-oos", "banking77", "query-wellformedness")),),
    "conversation": (("organic", ()),),
    "personal": (
        ("organic", ()),
        ("code", ()),
        ("reasoning", ()),
        ("safety", ()),
        ("eval", ("mmlu", "bfcl")),
        ("attack", ("gpteacher-codegen", "gpteacher-roleplay", "dpo-en-demo")),
    ),
    "lang:zh": (("chinese", ()),),
}
"""File and sources (none: all) behind each pool."""


@dataclass(frozen=True)
class Pool:
    """Prompts of one kind, ordered by neighbourhood.

    Attributes:
        texts: The prompts as they are.
        bare: The prompts without the stop at their end, as people's own stops follow.
        starts: Where each neighbourhood begins; one more entry than neighbourhoods.
    """

    texts: pa.Array = field(repr=False)
    bare: pa.Array = field(repr=False)
    starts: Ints = field(repr=False)

    def __len__(self) -> int:
        """Prompts in the pool."""
        return len(self.texts)


@dataclass(frozen=True)
class Arrivals:
    """Arrivals of business clients: cumulative shares per window of ten minutes (clients x 2017), and burstiness."""

    heights: Floats = field(repr=False)
    clump: Floats = field(repr=False)


@dataclass(frozen=True)
class Corpora:
    """Everything that a world is made from.

    Attributes:
        pools: Prompts by capability, ``lang:xx`` and ``personal``.
        words: Single words of people's own.
        personas: System prompts that people publish.
        prefixes: ``cloud`` and ``vpn`` ranges; empty where they are generated.
        arrivals: Shapes of real business clients, or regular and bursty made-up ones.
        real: Whether real prompts were there.
    """

    pools: dict[str, Pool]
    words: pa.Array = field(repr=False)
    personas: pa.Array = field(repr=False)
    prefixes: dict[str, pa.Table] = field(repr=False)
    arrivals: Arrivals = field(repr=False)
    real: bool = False


def load_corpora(shared: Path | None = None) -> Corpora:
    """Read what ``shared`` holds, and generate the rest.

    Args:
        shared: Folder with ``data/prompts``, ``data/network`` and ``data/traces``; ``None`` generates everything.

    Raises:
        InputError: the folder is named but holds no prompts.
    """
    if shared is None:
        return Corpora(_generated_pools(), pa.array(OWN_WORDS), pa.array(_personas()), {}, _made_up_arrivals())
    data = shared / "data"
    if not (data / "prompts" / "organic.parquet").is_file():
        raise InputError(
            f"Cannot simulate from {shared}: there is no data/prompts/organic.parquet in it.",
            hint="Name the folder that holds data/prompts with --shared, or leave it out to use generated texts.",
        )
    files = {
        name: pq.read_table(data / "prompts" / f"{name}.parquet")
        for name in ("attack", "chinese", "code", "eval", "organic", "reasoning", "safety")
        if (data / "prompts" / f"{name}.parquet").is_file()
    }
    order = {name: _neighbourhoods(table) for name, table in files.items()}
    generated = _generated_pools()
    pools = {name: _pool(files, order, parts) or generated[name] for name, parts in SOURCES.items()}
    pools |= {name: pool for name, pool in generated.items() if name not in pools}
    words = _vocabulary(files["organic"]["prompt"].to_pylist())
    return Corpora(pools, words, _persona_texts(data), _prefix_tables(data), _real_arrivals(data), real=True)


def _neighbourhoods(table: pa.Table) -> list[str]:
    """For each prompt its source and the rarest of its words that at least 15 prompts of the file share."""
    heads = [str(text)[:160].lower() for text in table["prompt"].to_pylist()]
    found = [set(_WORD.findall(head)) for head in heads]
    counts = Counter(word for words in found for word in words)
    enough = {word: count for word, count in counts.items() if count >= 15}
    rarest = [min((w for w in words if w in enough), key=lambda w: (enough[w], w), default="") for words in found]
    return [f"{source}/{word}" for source, word in zip(table["source"].to_pylist(), rarest, strict=True)]


def _pool(
    files: dict[str, pa.Table], order: dict[str, list[str]], parts: Sequence[tuple[str, tuple[str, ...]]]
) -> Pool | None:
    rows: list[tuple[str, str]] = []
    for name, sources in parts:
        if name not in files:
            continue
        table = files[name]
        for text, source, lang, near in zip(
            *(table[c].to_pylist() for c in ("prompt", "source", "lang")), order[name], strict=True
        ):
            if (not sources or source in sources) and (lang == "en" or name == "chinese"):
                rows.append((near, str(text)[:LONGEST]))
    if not rows:
        return None
    rows.sort()
    return pool_of([text for _, text in rows], [near for near, _ in rows])


def pool_of(texts: Sequence[str], nears: Sequence[str]) -> Pool:
    """A pool from prompts and their neighbourhoods, both in order of the latter."""
    changes = [at for at in range(1, len(nears)) if nears[at] != nears[at - 1]]
    return Pool(
        pa.array([text.strip() for text in texts], pa.string()),
        pa.array([text.strip().rstrip("?.! ？。！") for text in texts], pa.string()),
        np.array([0, *changes, len(texts)], dtype=np.int64),
    )


def _vocabulary(texts: Sequence[str]) -> pa.Array:
    counts = Counter(word for text in texts for word in set(_WORD.findall(text.lower())))
    return pa.array([*OWN_WORDS, *sorted(word for word, count in counts.items() if 12 <= count <= 500)])


def _personas() -> list[str]:
    return [
        f"You are an assistant who knows about {first} and {second}. Answer briefly and say when you are not sure."
        for words in SUBJECTS.values()
        for first, second in pairwise(words)
    ]


def _persona_texts(data: Path) -> pa.Array:
    path = data / "prompts" / "personas.parquet"
    if not path.is_file():
        return pa.array(_personas())
    return pa.array([str(text)[:LONGEST] for text in pq.read_table(path)["prompt"].to_pylist()])


def _generated_pools() -> dict[str, Pool]:
    pools = {}
    for name in (*GENERATED, "tools", "vision", "translation", "personal"):
        kinds = {
            "tools": ("agentic", "data"),
            "vision": ("knowledge",),
            "translation": ("conversation", "knowledge"),
            "personal": ("conversation", "knowledge", "coding", "writing", "reasoning", "safety"),
        }.get(name, (name,))
        pools[name] = _generated(name, kinds)
    return pools | {f"lang:{code}": _foreign(code) for code in TONGUES}


def _generated(name: str, kinds: Sequence[str]) -> Pool:
    keys = draw(root("generated prompts", name), "prompt", np.arange(_GENERATED_PROMPTS))
    frames = [(kind, frame) for kind in kinds for frame in GENERATED[kind]]
    choice = [below(draw(keys, use), 1 << 20) for use in ("frame", "subject", "a", "b")]
    numbers = [2 + below(draw(keys, use), 97) for use in ("n", "m", "k")]
    rows = set()
    for at in range(_GENERATED_PROMPTS):
        kind, frame = frames[int(choice[0][at]) % len(frames)]
        subjects = CODE_SUBJECTS if kind in {"coding", "agentic"} else tuple(SUBJECTS)
        subject = subjects[int(choice[1][at]) % len(subjects)]
        things = SUBJECTS[subject]
        first = int(choice[2][at]) % len(things)
        second = (first + 1 + int(choice[3][at]) % (len(things) - 1)) % len(things)
        n, m, k = (int(column[at]) for column in numbers)
        rows.add((f"{kind}/{subject}", frame.format(a=things[first], b=things[second], n=n, m=m, k=k)))
    ordered = sorted(rows)
    return pool_of([text for _, text in ordered], [near for near, _ in ordered])


def _foreign(code: str) -> Pool:
    tongue = TONGUES[code]
    rows = sorted((thing, ask.replace("_", thing)) for ask in tongue.asks for thing in tongue.things)
    return pool_of([text for _, text in rows], [thing for thing, _ in rows])


def _prefix_tables(data: Path) -> dict[str, pa.Table]:
    path = data / "network" / "prefixes.parquet"
    if not path.is_file():
        return {}
    table = pq.read_table(path, columns=["prefix", "version", "length", "provider", "kind"])
    kinds = {"cloud": ("cloud",), "vpn": ("vpn",)}
    rows = table.to_pylist()
    return {
        name: pa.Table.from_pylist([row for row in rows if row["kind"] in wanted and row["version"] == 4])
        for name, wanted in kinds.items()
    }


def _real_arrivals(data: Path) -> Arrivals:
    path = data / "traces" / "servegen-arrivals.parquet"
    if not path.is_file():
        return _made_up_arrivals()
    table = pq.read_table(path, columns=["model", "client", "t", "rate", "cv"])
    names = [f"{m}/{c}" for m, c in zip(table["model"].to_pylist(), table["client"].to_pylist(), strict=True)]
    codes = {name: at for at, name in enumerate(sorted(set(names)))}
    client = np.array([codes[name] for name in names])
    slot = np.clip(table["t"].to_numpy() // 600, 0, _SLOTS - 1).astype(np.int64)
    rates = np.zeros((len(codes), _SLOTS))
    np.add.at(rates, (client, slot), np.nan_to_num(table["rate"].to_numpy()))
    spread = np.bincount(client, np.nan_to_num(table["cv"].to_numpy(), nan=1.0)) / np.bincount(client)
    return _arrivals(rates, spread)


def _made_up_arrivals() -> Arrivals:
    """Twelve clients: level by day and hour, some flat, some with office hours, some bursty."""
    keys = draw(root("arrivals"), "client", np.arange(12))[:, None]
    slots = np.arange(_SLOTS)
    hour, day = (slots % 144) / 6.0, slots // 144
    swing = np.linspace(0.0, 0.9, 12)[:, None]
    level = 1 + swing * np.cos((hour - 15.0) / 24 * 2 * np.pi)[None, :]
    weekly = np.where((day % 7) >= 5, 1 - swing * 0.7, 1.0)
    noise = 0.5 + below(draw(keys, "noise", slots[None, :]), 1000) / 1000
    return _arrivals(level * weekly * noise, np.linspace(0.6, 3.0, 12))


def _arrivals(rates: Floats, spread: Floats) -> Arrivals:
    rates = rates[rates.sum(axis=1) > 0]
    heights = np.concatenate([np.zeros((len(rates), 1)), np.cumsum(rates, axis=1)], axis=1)
    return Arrivals(heights / heights[:, -1:], np.maximum(1.0, (spread[: len(rates)] ** 2 + 1) / 2).clip(1, 12))
