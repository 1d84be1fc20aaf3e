"""A chunk of exchanges as rows of the contract's table, and the accounts as theirs.

Ids are bijections of a counter under the world's key, so that they neither repeat nor tell one group from another.
Columns have the same nulls and defaults for everybody who uses the same channel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.lab.addresses import addresses
from stillwatch.lab.clients import VERSIONS, versions
from stillwatch.lab.draws import Floats, Ints, Keys, below, choose, draw, hexadecimal, mix, normal, uniform, whole
from stillwatch.lab.joining import join, scatter, take, where
from stillwatch.lab.network import COUNTRY_CODES, written
from stillwatch.lab.population import DAY
from stillwatch.lab.schedule import MALICIOUS, Exchanges
from stillwatch.lab.texts import prompts
from stillwatch.lab.voices import Speakers, own_words
from stillwatch.lab.wordings import POPULAR_SYSTEMS
from stillwatch.lab.words import ANSWERS, PROJECT_FIRST, PROJECT_SECOND
from stillwatch.lab.world import World

_TEMPERATURES = (None, None, 0.7, 1.0, 0.0, 0.2, 0.3, 0.5)
_LIMITS = (None, None, 512, 1024, 2048, 4096, 8192, 16384)
_TS = pa.timestamp("us", tz="UTC")


def ids(values: Keys, prefix: str) -> pa.Array:
    """Keys written as hexadecimal text."""
    codes = hexadecimal(values, prefix)
    width = codes.shape[1]
    ends = np.arange(len(values) + 1, dtype=np.int32) * np.int32(width)
    text = np.ascontiguousarray(codes)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(text))


def account_ids(world: World, account: Ints) -> pa.Array:
    """Ids of accounts by their numbers."""
    return ids(mix(account.astype(np.uint64) + draw(world.key, "account ids")), "acct_")


def _masked(values: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    """Null where the mask holds."""
    return where(mask, pa.scalar(None, values.type), values)


def exchange_rows(world: World, chunk: Exchanges, first: int) -> pa.Table:
    """Rows of the log.

    Args:
        world: Groups, accounts and tables.
        chunk: Exchanges in order of time.
        first: Number of the chunk's first exchange in the whole log.
    """
    account = chunk.account.astype(np.int64)
    key = world.accounts.key[account]
    turn = chunk.turn.astype(np.int64)
    message = draw(chunk.talk, "row", turn)
    size = _sizes(world, chunk)
    channel, app = _channels(world, account)
    status = _status(message)
    limit = _limits(key, app, size["output"])
    drawn_in = size["input"] * np.exp(0.8 * normal(draw(message, "input")))
    text = prompts(world, chunk, drawn_in.astype(np.int64))
    system, system_length = _systems(world, chunk, key, app)
    address = addresses(world, account, chunk.ts, chunk.talk)
    program = _programs(world, account, chunk, app)
    output = _output_tokens(message, size["output"], limit, status)
    tokens_in = _input_tokens(text, system_length, turn, drawn_in, size["output"])
    thinks = uniform(draw(message, "thinks")) < size["reasoning"]
    return pa.table(
        {
            "exchange_id": ids(
                mix(np.arange(first, first + len(chunk), dtype=np.uint64) + draw(world.key, "ids")), "x_"
            ),
            "ts": pa.array(chunk.ts, _TS),
            "account_id": account_ids(world, account),
            **_conversation(chunk, key, turn, app),
            "client": world.programs.client.take(pa.array(program)),
            "ip": written(address),
            "asn": pa.array(world.network.asns(address)),
            "country": take(COUNTRY_CODES, world.network.countries(address)),
            "user_agent": world.programs.user_agent.take(pa.array(program)),
            "ja4": world.programs.ja4.take(pa.array(program)),
            "model": take(world.models, _models(world, chunk, key)),
            "endpoint": _endpoints(world, chunk, message, size["batch"]),
            "system_prompt": system,
            "prompt": text,
            "turn": pa.array(turn, pa.int32()),
            "n_tools": pa.array(_tools(key, size["tools"]), pa.int32()),
            "temperature": _temperatures(key, message, app),
            "max_tokens": pa.array(limit, pa.int32(), mask=limit == 0),
            "stream": pa.array((app == 1) | (uniform(draw(key, "stream")) < 0.5)),
            "input_tokens": pa.array(tokens_in, pa.int32()),
            "output_tokens": pa.array(output, pa.int32()),
            "response": _responses(world, chunk, message),
            "channel": channel,
            "n_images": pa.array((uniform(draw(message, "image")) < size["images"]).astype(np.int32)),
            "n_choices": pa.array(size["choices"], pa.int32()),
            "reasoning_tokens": pa.array(
                np.where(thinks & (status == 200), 1 + output * 1.5, 0), pa.int32(), safe=False
            ),
            "logprobs": pa.array(uniform(draw(key, "logprobs")) < size["logprobs"]),
            "status": pa.array(status, pa.int16()),
        }
    )


def truth_rows(world: World, chunk: Exchanges, exchange_id: pa.Array) -> pa.Table:
    """Which exchanges of a chunk are extraction, and of which group they are."""
    names = [party.group.name for party in world.parties]
    return pa.table(
        {
            "exchange_id": exchange_id,
            "malicious": pa.array((chunk.flags & MALICIOUS) > 0),
            "group": take(names, chunk.party.astype(np.int64)),
        }
    )


def _sizes(world: World, chunk: Exchanges) -> dict[str, Floats]:
    """Figures of each row's group."""
    columns = {
        "input": "input_tokens",
        "output": "output_tokens",
        "tools": "tools",
        "images": "images",
        "choices": "choices",
        "logprobs": "logprobs",
        "reasoning": "reasoning",
        "batch": "batch",
    }
    number = chunk.party.astype(np.int64)
    return {
        name: np.array([float(getattr(p.group.size, part)) for p in world.parties])[number]
        for name, part in columns.items()
    }


def _channels(world: World, account: Ints) -> tuple[pa.Array, Ints]:
    """Channel of each row, and 1 where it is an app."""
    names = [list(party.group.record.channels) for party in world.parties]
    flat = [name for group in names for name in group]
    base = np.cumsum([0, *map(len, names)])
    at = base[world.accounts.party[account]] + world.accounts.channel[account]
    return take(flat, at), np.array([int(name == "app") for name in flat])[at]


def _status(message: Keys) -> Ints:
    return np.array([200, 429, 500])[choose(draw(message, "status"), (0.988, 0.009, 0.003))]


def _limits(key: Keys, app: Ints, output: Floats) -> Ints:
    """``max_tokens`` of each account: none, or one that leaves room for the answers it wants. 0: none."""
    table = np.array([0 if value is None else value for value in _LIMITS])
    limit = table[below(draw(key, "limit"), len(table))]
    limit = np.where(limit < 3 * output, 0, limit)
    return np.where(app == 1, 0, limit)


def _temperatures(key: Keys, message: Keys, app: Ints) -> pa.Array:
    table = np.array([-1.0 if value is None else value for value in _TEMPERATURES])
    varied = uniform(draw(key, "varies")) < 0.1
    value = table[below(np.where(varied, draw(message, "temperature"), draw(key, "temperature")), len(table))]
    return pa.array(value, pa.float32(), mask=(value < 0) | (app == 1))


def _tools(key: Keys, tools: Floats) -> Ints:
    """Tools declared: an account has its own set, about as large as its group's."""
    return np.where(tools > 0, np.maximum(1, tools + below(draw(key, "tools"), 5) - 2), 0).astype(np.int64)


def _conversation(chunk: Exchanges, key: Keys, turn: Ints, app: Ints) -> dict[str, pa.Array]:
    named = (app == 1) | (uniform(draw(key, "names conversations")) < 0.3)
    return {
        "conversation_id": _masked(ids(draw(chunk.talk, "conversation") ^ key, "c_"), ~named),
        "context_in": _masked(ids(draw(chunk.talk, "context", turn - 1), "k_"), turn == 1),
        "context_out": ids(draw(chunk.talk, "context", turn), "k_"),
    }


def _programs(world: World, account: Ints, chunk: Exchanges, app: Ints) -> Ints:
    """Client program of each row: one of the account's one to three, in the version it runs by then."""
    key = world.accounts.key[account]
    many = 1 + choose(draw(key, "programs"), (0.7, 0.22, 0.08))
    mine = np.floor(uniform(draw(chunk.talk, "program")) ** 2 * many).astype(np.int64)
    bits = draw(key, "program", mine)
    for party in world.parties:
        if party.group.infrastructure.clients is not None:
            theirs = world.accounts.party[account] == party.number
            common = draw(party.key, "program", below(draw(key, "common program"), party.group.infrastructure.clients))
            bits = np.where(theirs, common, bits)
    days = (chunk.ts - world.start) / DAY
    return world.programs.pick(bits, app) * VERSIONS + versions(key, days)


def _models(world: World, chunk: Exchanges, key: Keys) -> Ints:
    """Model of each row: an account's favourite, now and then another; a new model takes over where a pivot says so."""
    number = {name: at for at, name in enumerate(world.models)}
    out = np.zeros(len(chunk), dtype=np.int64)
    row = draw(chunk.talk, "model")
    for party in world.parties:
        at = np.flatnonzero(chunk.party == party.number)
        if len(at) == 0:
            continue
        names = np.array([number[name] for name in party.group.models])
        usual = uniform(draw(row[at], "usual")) < 0.8
        bits = np.where(usual, draw(key[at], "model"), row[at])
        out[at] = names[choose(bits, party.group.models.values())]
        for pivot in world.pivots:
            own = party.group.pivot is not None and party.group.pivot.model == pivot.model
            used = party.group.pivot if own and party.group.pivot is not None else pivot
            day = (chunk.ts[at] - world.start) / DAY - used.day
            who = draw(row[at] if own else key[at], "moves")
            when = uniform(draw(key[at], "moves when")) * (used.hours if own else 240.0) / 24
            moved = (uniform(who) < (used.share if own else 0.15)) & (day > when)
            out[at] = np.where(moved, number[pivot.model], out[at])
    return out


def _endpoints(world: World, chunk: Exchanges, message: Keys, batch: Floats) -> pa.Array:
    names = [party.group.record.endpoint for party in world.parties]
    usual = take(names, chunk.party.astype(np.int64))
    return where(uniform(draw(message, "batch")) < batch, "batch", usual)


def _systems(world: World, chunk: Exchanges, key: Keys, app: Ints) -> tuple[pa.Array, Ints]:
    """System prompts: none in an app; elsewhere none, a popular one, a published persona, or one of the account's own."""
    personas = world.corpora.personas
    style = uniform(draw(key, "system"))
    popular = take(POPULAR_SYSTEMS, below(draw(key, "popular system"), len(POPULAR_SYSTEMS)))
    published = take(personas, below(draw(key, "persona"), len(personas)))
    own = join(
        "You help with the ",
        take(PROJECT_FIRST, below(draw(key, "system first"), len(PROJECT_FIRST))),
        " ",
        take(PROJECT_SECOND, below(draw(key, "system second"), len(PROJECT_SECOND))),
        ". Mind the ",
        own_words(world.corpora, Speakers(key, key), "system word"),
        ".",
    )
    text = where(style < 0.65, popular, where(style < 0.78, published, own))
    text = _masked(text, (app == 1) | (style < 0.45))
    for party in world.parties:
        prefix = party.group.text.prefix
        at = (chunk.party == party.number) if prefix is not None else None
        if at is not None and prefix is not None and at.any():
            text = where(at, prefix, text)
    return text, _lengths(text)


def _lengths(text: pa.Array) -> Ints:
    """Characters of each text; 0 where there is none."""
    return np.asarray(pc.fill_null(pc.utf8_length(text), 0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _output_tokens(message: Keys, median: Floats, limit: Ints, status: Ints) -> Ints:
    """Tokens of the answer: lognormal about the group's median, within ``max_tokens``, none where the request failed."""
    output = median * np.exp(0.7 * normal(draw(message, "output"))) + 1
    output = np.where(limit > 0, np.minimum(output, limit), output)
    return whole(np.where(status == 200, output, 0))


def _input_tokens(text: pa.Array, system: Ints, turn: Ints, drawn: Floats, output: Floats) -> Ints:
    """Tokens of the request: never fewer than its texts need, and those of the earlier turns besides."""
    characters = _lengths(text)
    octets = np.asarray(pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    wide = (octets - characters) / 2  # characters of other scripts take about a token each
    least = 3 + system / 4 + (characters - wide) / 4 + wide * 0.8
    history = np.minimum((turn - 1) * (30 + 0.8 * output), 180_000)
    return np.maximum(least, drawn).astype(np.int64) + history.astype(np.int64)


def _responses(world: World, chunk: Exchanges, message: Keys) -> pa.Array:
    """Answers, for the groups whose answers are asked for; null otherwise."""
    kept = np.array([party.group.responses for party in world.parties])[chunk.party.astype(np.int64)]
    at = np.flatnonzero(kept)
    if len(at) == 0:
        return pa.nulls(len(chunk), pa.string())
    words = world.corpora.words
    pieces: list[pa.Array | str] = []
    for sentence in range(4):
        bits = message[at]
        frame = below(draw(bits, "answer", sentence), len(ANSWERS))
        gaps = [take(words, below(draw(bits, use, sentence), len(words))) for use in ("answer one", "answer two")]
        start, middle, end = (pa.array(column) for column in zip(*ANSWERS, strict=True))
        pieces += [take(start, frame), gaps[0], take(middle, frame), gaps[1], take(end, frame), " "]
    return scatter(len(chunk), [(at, join(*pieces))])
