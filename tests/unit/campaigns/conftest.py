"""A small made-up log: people with subjects, hours and addresses of their own, and a corpus dealt over accounts.

Each person has two subjects, a way of typing, an address shared with one other, and a cafe shared with five; six of
them sometimes use an address of the campaign. The campaign's accounts draw from all subjects in one way of typing,
round the clock, share instruments and addresses, and some of them begin days later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.innocent import Facts
from stillwatch.campaigns.links import incidences
from stillwatch.campaigns.looks import Looker, Outcome
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.cells import CellCounts, Cells
from stillwatch.detect.families import Gathering, vectors
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, Log
from stillwatch.detect.openings import openings
from stillwatch.detect.sketch import StaticEmbedding

HOUR = MICROSECONDS_PER_HOUR
START = 497_500 * HOUR
FOLLOWED = 0.3
"""Share of conversations that go on, by the same person or by another account of the campaign."""
TOPICS = [
    line.split()
    for line in """
    garden soil tomato seeds pruning roses compost watering lawn weeds shrubs fertiliser blossom greenhouse harvest
    recipe oven butter flour onion garlic soup roast sauce pepper dessert baking noodles salad spices
    football match striker goalkeeper referee league coach penalty stadium defender tournament season fans training
    guitar chord melody drummer concert rhythm bass singer lyrics piano album tuning rehearsal tempo harmony
    mortgage loan interest bank savings tax salary pension budget invoice insurance dividend shares credit deposit
    doctor fever headache allergy medicine vaccine surgery diet sleep pulse symptoms clinic nurse vitamin infection
    python function compiler variable array pointer recursion database query index exception thread library debug
    planet orbit telescope galaxy comet gravity rocket satellite moon crater spectrum nebula astronaut eclipse star
    treaty parliament election senate minister constitution verdict lawsuit judge contract clause statute appeal
    flight hotel passport luggage beach itinerary museum train visa ferry tourist hostel mountain island souvenir
    novel poem chapter author metaphor character narrator plot sonnet essay editor publisher rhyme tragedy dialogue
    puppy kitten leash veterinarian parrot aquarium hamster fur collar kennel paw breed feeding litter whiskers
    engine brake tyre clutch diesel gearbox piston mileage steering exhaust battery garage bumper headlight
    physics momentum voltage photon enzyme protein molecule acid neuron chromosome entropy isotope lens catalyst
    paint canvas sculpture sketch portrait watercolour gallery brush pottery fresco easel palette pigment statue
    chess opening bishop knight gambit endgame rook checkmate pawn castling sacrifice opponent clock draw
    """.strip().splitlines()
]
FRAMES = (
    "how do I choose {} when {} and {} matter",
    "what is the difference between {} and {} for {}",
    "explain {} with an example about {} and {}",
    "my {} has a problem with {} after {}",
    "write something short on {}, {} and {}",
    "is it safe to combine {} with {} near {}",
    "compare {} to {} given {}",
    "which {} would you recommend for {} or {}",
    "why does {} change {} so much during {}",
    "list five ideas for {} using {} without {}",
)
GREETINGS = ("", "hi, ", "Please ", "hey can you tell me ", "ok so ")
ENDINGS = ("", "?", "??", "...", " thanks!", " pls", ".\n\nBe brief.")


class Voice:
    """How one source of texts asks."""

    def __init__(self, topics, frames, *, lower=False, greeting="", ending="."):
        self.topics, self.frames = topics, frames
        self.lower, self.greeting, self.ending = lower, greeting, ending

    @classmethod
    def of_a_person(cls, rng):
        topics = rng.choice(len(TOPICS), 2, replace=False)
        frames = rng.choice(len(FRAMES), 4, replace=False)
        lower = bool(rng.random() < 0.5)
        return cls(topics, frames, lower=lower, greeting=str(rng.choice(GREETINGS)), ending=str(rng.choice(ENDINGS)))

    def says(self, rng, tag):
        words = [rng.choice(TOPICS[topic]) for topic in rng.choice(self.topics, 3)]
        text = f"{self.greeting}{FRAMES[rng.choice(self.frames)].format(*words)} {tag}{self.ending}"
        return text.lower() if self.lower else text[:1].upper() + text[1:]


CORPUS = Voice(np.arange(len(TOPICS)), np.arange(len(FRAMES)))


class Rows:
    """Rows of a log in the making."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.tags = iter(self.rng.permutation(90_000) + 10_000)
        self.rows = []

    def converse(self, ts, account, voice, ip, client, follower):
        """A conversation: an opening, and sometimes its continuation by ``follower``."""
        tag = next(self.tags)
        self.rows.append((int(ts), account, voice.says(self.rng, tag), ip, client, 1, None, f"h{tag}"))
        if self.rng.random() < FOLLOWED:
            self.rows.append((int(ts) + HOUR // 20, follower, "shorter", ip, client, 2, f"h{tag}", f"k{tag}"))

    def table(self, *, text):
        self.rows.sort()
        ts, account, prompt, ip, client, turn, inward, outward = zip(*self.rows, strict=True)
        count = len(self.rows)
        columns = {
            "exchange_id": [f"x{i:06d}" for i in range(count)],
            "ts": pa.array(ts, pa.timestamp("us", "UTC")),
            "account_id": account,
            "prompt": pa.array([p if text else None for p in prompt], pa.string()),
            "ip": ip,
            "client": client,
            "model": ["m"] * count,
            "endpoint": ["chat"] * count,
            "turn": turn,
            "context_in": pa.array(inward, pa.string()),
            "context_out": outward,
            "n_tools": [0] * count,
            "stream": [False] * count,
            "input_tokens": self.rng.integers(5, 60, count),
            "output_tokens": self.rng.integers(5, 600, count),
            "status": [200] * count,
        }
        return pa.table(columns)


@dataclass(frozen=True)
class World:
    """Contract tables; accounts of the campaign begin with d."""

    exchanges: pa.Table
    accounts: pa.Table


def make_world(*, people=200, dealt=25, late=10, days=3, seed=5, text=True):
    """``late``: how many accounts of the campaign begin later, four hours after one another."""
    made = Rows(seed)
    rng, accounts = made.rng, []
    for person in range(people):
        name, voice, peak = f"p{person:03d}", Voice.of_a_person(rng), rng.uniform(0, 24)
        home, cafe = f"240.1.{person // 2}.7", f"240.2.0.{person // 6}"
        accounts.append({"account_id": name, "payment_fingerprint": f"card{person}", "email_domain": "mail.example"})
        for day in range(days):
            for hour in (peak + rng.normal(0, 2.5, rng.poisson(9))) % 24:
                ip = cafe if rng.random() < 0.3 else home
                if person < 6 and rng.random() < 0.3:
                    ip = f"240.9.0.{person}"
                client = f"sdk-{person % 7}/1.{person % 3}"
                made.converse(START + (day * 24 + hour) * HOUR, name, voice, ip, client, name)
    for account in range(dealt):
        name, begins = f"d{account:03d}", max(0, account - (dealt - late) + 1) * 4
        accounts.append(
            {"account_id": name, "payment_fingerprint": f"pool{account % 6}", "email_domain": "mail.example"}
        )
        for hour in rng.uniform(0, 24 * days, rng.poisson(12 * days)):
            ip = f"240.9.0.{(account * 3 + int(rng.integers(4))) % 20}"
            follower = f"d{int(rng.integers(max(dealt - late, 1))):03d}"
            if hour >= begins:
                made.converse(START + hour * HOUR, name, CORPUS, ip, "sdk-1/1.2", follower)
    return World(made.table(text=text), pa.Table.from_pylist(accounts))


@dataclass(frozen=True)
class Hunted:
    """A walk through a world, and who is who in it."""

    world: World
    log: Log
    looker: Looker
    outcome: Outcome
    codebook: Cells

    @property
    def names(self):
        return np.array(self.log.accounts.ids.to_pylist())

    @property
    def campaign(self):
        """Parties of the campaign."""
        return np.flatnonzero(np.char.startswith(self.names, "d"))

    @property
    def people(self):
        return np.flatnonzero(np.char.startswith(self.names, "p"))

    @property
    def flagged(self):
        """Time at which each flagged account was flagged."""
        names = self.names
        return {str(names[p]): int(c.since[p]) for c in self.outcome.campaigns for p in c.members}


@pytest.fixture(scope="session")
def embedding():
    return StaticEmbedding.load()


@pytest.fixture(scope="session")
def walk(embedding):
    """Walk through a world, or its first ``rows`` exchanges.

    ``codebook``: one that was fitted before, which saves most of the time; ``end``: of the walk, in microseconds.
    """

    def walked(world, rows=None, codebook=None, end=None):
        log = Log.build(world.exchanges.slice(0, rows), world.accounts)
        opened = openings(log)
        found = vectors(log, opened, embedding)
        codebook = codebook or Cells.fit(log, opened, found)
        every = np.flatnonzero((log.turn <= 1) & (log.status < 400))
        looker = Looker(
            traffic=Traffic.of(log, opened),
            gathering=Gathering.start(log, opened, found),
            cells=CellCounts.start(log, opened, codebook.of(log, opened, found), codebook.needs),
            facts=Facts.build(log, every, opened, None),
            kinds=incidences(log),
            end=end,
        )
        return Hunted(world, log, looker, looker.walk(), codebook)

    return walked


@pytest.fixture(scope="session")
def build_world():
    return make_world


@pytest.fixture(scope="session")
def hunted(walk):
    """The world with its campaign."""
    return walk(make_world())


@pytest.fixture(scope="session")
def whole(hunted):
    """A hunt over that world from beginning to end."""
    return hunt(hunted.log, Settings())


@pytest.fixture(scope="session")
def quiet(walk):
    """The same people without a campaign."""
    return walk(make_world(dealt=0))


@pytest.fixture(scope="session")
def textless(walk):
    """A campaign in a log without text, all of whose accounts begin at once."""
    return walk(make_world(late=0, text=False))
