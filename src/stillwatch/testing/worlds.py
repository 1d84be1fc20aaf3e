"""A small made-up world: people who differ as people do, and one campaign that deals a corpus over many accounts.

For tests and documentation of the whole hunt. Everything is drawn from one seed and is the same on every machine. Each
person has subjects, habits of typing, hours, a client and an address of their own; some share a household's address or a
card. The campaign's accounts share a few payment instruments and addresses, work round the clock, and each sends a random
part of one corpus; some of them begin later than the others.

>>> from stillwatch.testing.worlds import make_world
>>> world = make_world(people=3, members=2, days=1)
>>> len(world.people), len(world.members)
(3, 2)

What it cannot show: the people are built to differ in what the hunt measures, so a hunt that succeeds here shows that
the parts fit together, not how good it is on real logs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA
from stillwatch.testing.world_words import AFTER, ASKS, BEFORE, CORPUS_TASKS, EXTRAS, STOPS, SUBJECTS, Habit

START = datetime(2026, 9, 7, tzinfo=UTC)
CLIENTS = (
    "atlas-python/2.1|cpython/3.12|linux",
    "atlas-node/4.0|node/22|darwin",
    "app-web/9|browser|windows",
    "app-ios/9|ios",
)
FINGERPRINTS = ("t13d1516h2_aaaa", "t13d1715h2_bbbb", "t13d1314h1_cccc", "t13d1517h2_dddd")
EARLY = 12
"""Members of the campaign that begin together; each further one begins nine hours after the one before."""
FOLLOW_UPS = ("shorter please", "and then", "can you give an example", "why", "go on", "in a table")
Row = dict[str, object]


@dataclass(frozen=True)
class World:
    """Rows of both contract tables, and who is who.

    Attributes:
        exchanges: Rows of the log, in order of time.
        accounts: Rows of the account table, one per account.
        people: Account ids of the honest.
        members: Account ids of the campaign; empty where there is none.
    """

    exchanges: list[Row] = field(repr=False)
    accounts: list[Row] = field(repr=False)
    people: tuple[str, ...]
    members: tuple[str, ...]

    @property
    def exchange_table(self) -> pa.Table:
        """The log as the contract's table."""
        return pa.Table.from_pylist(self.exchanges, schema=EXCHANGE_SCHEMA)

    @property
    def account_table(self) -> pa.Table:
        """The accounts as the contract's table."""
        return pa.Table.from_pylist(self.accounts, schema=ACCOUNT_SCHEMA)

    def until(self, moment: datetime) -> World:
        """The world as of ``moment``: exchanges after it have not happened, accounts made after it are not there."""
        rows = [row for row in self.exchanges if row["ts"] <= moment]  # type: ignore[operator]
        known = [row for row in self.accounts if row["created_at"] <= moment]  # type: ignore[operator]
        return replace(self, exchanges=rows, accounts=known)

    def without_campaign(self) -> World:
        """The honest part alone."""
        theirs = set(self.members)
        return replace(
            self,
            exchanges=[row for row in self.exchanges if row["account_id"] not in theirs],
            accounts=[row for row in self.accounts if row["account_id"] not in theirs],
            members=(),
        )

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write ``exchanges.parquet`` and ``accounts.parquet``; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        log, accounts = folder / "exchanges.parquet", folder / "accounts.parquet"
        pq.write_table(self.exchange_table, log, compression="zstd")
        pq.write_table(self.account_table, accounts, compression="zstd")
        return log, accounts


@dataclass(frozen=True)
class _Actor:
    """One account and how it behaves."""

    name: str
    habit: Habit
    subjects: tuple[str, ...]
    asks: tuple[str, ...]
    awake: tuple[int, int]
    client: int
    addresses: tuple[str, ...]
    per_day: float
    corpus: bool = False


def make_world(
    *, people: int = 150, members: int = 20, days: int = 5, per_day: float = 8.0, handed: float = 0.0, seed: int = 5
) -> World:
    """Make a world.

    Args:
        people: Honest accounts.
        members: Accounts of the campaign, which begins on the second day; 0 for a world without one.
        days: Length of the log.
        per_day: Conversations that an account opens a day, on average.
        handed: Share of the campaign's continued exchanges that another of its accounts sends, as a pool's relay does.
        seed: Another seed is another world.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up values
    records: list[Row] = []
    rows: list[Row] = []
    theirs: list[Row] = []
    begins: dict[str, datetime] = {}
    for number in range(people):
        actor = _person(number, per_day, rng)
        records.append(_record(actor, number, rng))
        rows += _talk(actor, START, days, rng)
    for number in range(members):
        actor = _member(number, per_day, rng)
        begin = START + timedelta(days=1, hours=9 * max(0, number - EARLY + 1))
        records.append(_member_record(actor, number, begin))
        begins[actor.name] = begin
        theirs += _talk(actor, begin, days, rng)
    theirs = [row for row in theirs if row["ts"] < START + timedelta(days=days)]  # type: ignore[operator]
    _hand_over(theirs, begins, handed, rng)
    rows = sorted(rows + theirs, key=lambda row: (row["ts"], row["exchange_id"]))
    names = tuple(str(record["account_id"]) for record in records)
    return World(rows, records, names[:people], names[people:])


def _person(number: int, per_day: float, rng: random.Random) -> _Actor:
    wake = rng.randrange(24)
    household = number // 2 if number % 10 < 4 else 1000 + number  # two in five live with one other
    address = f"198.18.{household // 250}.{household % 250 + 1}"
    habit = Habit(
        before=tuple(rng.sample(BEFORE, 2)),
        after=tuple(rng.sample(AFTER, 2)),
        lower=rng.choice((0.0, 0.1, 0.9, 1.0)),
        stop=rng.choice(STOPS),
        doubled=rng.random() < 0.3,
    )
    return _Actor(
        name=_name("p", number),
        habit=habit,
        subjects=tuple(rng.sample(sorted(SUBJECTS), rng.choice((1, 2, 2, 3)))),
        asks=tuple(rng.sample(ASKS, 5)),
        awake=(wake, rng.randrange(7, 15)),
        client=rng.randrange(len(CLIENTS)),
        addresses=(address, f"198.19.{number // 250}.{number % 250 + 1}") if rng.random() < 0.5 else (address,),
        per_day=per_day * rng.uniform(0.6, 1.6),
    )


def _member(number: int, per_day: float, rng: random.Random) -> _Actor:
    return _Actor(
        name=_name("m", number),
        habit=Habit(before=("",), after=("",), lower=0.0, stop="", doubled=False),
        subjects=tuple(SUBJECTS),
        asks=CORPUS_TASKS,
        awake=(0, 24),
        client=0,
        addresses=tuple(f"203.0.113.{1 + (number + step) % 7}" for step in (0, 1, 3)),
        per_day=per_day * rng.uniform(1.2, 1.8),
        corpus=True,
    )


def _hash(text: str, length: int = 16) -> str:
    return xxhash.xxh3_64_hexdigest(text.encode())[:length]


def _name(kind: str, number: int) -> str:
    """An account id that does not say what its owner is."""
    return f"acct_{_hash(f'{kind}{number}', 12)}"


def _record(actor: _Actor, number: int, rng: random.Random) -> Row:
    family = number // 2 if number % 10 < 4 and rng.random() < 0.5 else 5000 + number
    return {
        "account_id": actor.name,
        "created_at": START - timedelta(days=rng.randrange(1, 400), minutes=number),
        "tier": rng.choice(("free", "plus", "payg")),
        "country": rng.choice(("DE", "FR", "US", "JP")),
        "email_domain": rng.choice(("mail.example", "post.example", f"home{number}.example")),
        "payment_fingerprint": f"card_{_hash(f'f{family}', 10)}",
        "signup_ip": actor.addresses[0],
        "verified": rng.random() < 0.2,
    }


def _member_record(actor: _Actor, number: int, begin: datetime) -> Row:
    return {
        "account_id": actor.name,
        "created_at": begin - timedelta(minutes=10),
        "tier": "payg",
        "country": "US",
        "email_domain": "mail.example",
        "payment_fingerprint": f"card_{_hash(f'c{number % 4}', 10)}",
        "signup_ip": actor.addresses[0],
        "verified": False,
    }


def _talk(actor: _Actor, start: datetime, days: int, rng: random.Random) -> list[Row]:
    """All conversations of one account."""
    rows: list[Row] = []
    for day in range(days):
        for _ in range(max(0, round(rng.gauss(actor.per_day, actor.per_day / 3)))):
            hour = actor.awake[0] + rng.uniform(0, actor.awake[1])
            begin = start + timedelta(days=day, hours=hour % 24)
            turns = 1 if rng.random() < 0.7 else rng.randrange(2, 4)
            address = rng.choice(actor.addresses)
            name = f"{actor.name}-{day}-{len(rows)}"
            for turn in range(1, turns + 1):
                text = _question(actor, rng) if turn == 1 else rng.choice(FOLLOW_UPS)
                ts = begin + timedelta(minutes=3 * (turn - 1), seconds=rng.randrange(60))
                rows.append(_exchange(actor, f"{name}-{turn}", name, ts, turn, text, address, rng))
    return rows


def _question(actor: _Actor, rng: random.Random) -> str:
    subject = SUBJECTS[rng.choice(actor.subjects)]
    a, b, c = rng.sample(subject, 3)
    text = rng.choice(actor.asks).format(a=a, b=b, c=c)
    if actor.corpus:
        return f"{text} Case {rng.randrange(100, 1000)}: {rng.choice(EXTRAS)}, {rng.choice(EXTRAS)}."
    habit = actor.habit
    text = f"{rng.choice(habit.before)}{text} {rng.choice(EXTRAS)}{habit.stop}{rng.choice(habit.after)}"
    if rng.random() < habit.lower:
        text = text.lower()
    return text.replace(" ", "  ") if habit.doubled else text


def _exchange(
    actor: _Actor, name: str, talk: str, ts: datetime, turn: int, text: str, address: str, rng: random.Random
) -> Row:
    return {
        "exchange_id": f"x_{_hash(name)}",
        "ts": ts,
        "account_id": actor.name,
        "conversation_id": f"t_{_hash(talk, 12)}",
        "context_in": None if turn == 1 else _context(talk, turn - 1),
        "context_out": _context(talk, turn),
        "client": CLIENTS[actor.client],
        "ip": address,
        "asn": 64500 + (actor.client if actor.corpus else int(_hash(address), 16) % 12),
        "country": "US",
        "user_agent": CLIENTS[actor.client].split("|")[0],
        "ja4": FINGERPRINTS[actor.client],
        "model": "atlas-large" if actor.corpus or rng.random() < 0.6 else "atlas-small",
        "endpoint": "chat",
        "prompt": text,
        "turn": turn,
        "n_tools": 0,
        "temperature": 0.7,
        "max_tokens": None,
        "stream": actor.client != 0,
        "input_tokens": max(4, len(text) // 4),
        "output_tokens": int(rng.lognormvariate(6.0 if actor.corpus else 4.8, 0.6)),
        "channel": "api" if actor.client < 2 else "app",
        "status": 429 if rng.random() < 0.01 else 200,
    }


def _context(talk: str, turn: int) -> str:
    return f"h_{_hash(f'{talk}/{turn}')}"


def _hand_over(theirs: list[Row], begins: dict[str, datetime], share: float, rng: random.Random) -> None:
    """Let another account of the campaign, one that has begun by then, go on with a share of its conversations."""
    for row in theirs:
        if row["turn"] != 1 and rng.random() < share:
            row["account_id"] = rng.choice([name for name, begin in begins.items() if begin <= row["ts"]])  # type: ignore[operator]
