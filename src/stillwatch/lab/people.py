"""The slice of real people: does the hunt's own test tell people from their own messages dealt over accounts?

Made-up users can be made as easy as one likes. Here the innocent are individuals of a public chat
(:mod:`stillwatch.lab.irc`), each an account of its own, and the attacker's sets are *the same kind of messages*, those of
other individuals, shuffled over as many accounts. Subject, length, time and infrastructure are alike by construction;
what is left is whether an account is one person. Every account has one message a day, so that the thread of one sitting
does not make its messages alike.

What is measured (:func:`measure`): the share of dealt sets above the threshold that one in a hundred sets of people
exceeds. Threshold and dealt sets come from *disjoint individuals*, halves of those with enough days, drawn anew for each
split; population mean and spread, as a hunt learns them from its log, come from everybody else. The statistic is
``stillwatch.detect.individuality.set_evidence`` over the joint family of content and style, as in a hunt; the bare
correlation within accounts stands beside it, and on request content and style alone.

Two intervals, since sets drawn from the same fifty people overlap: *over individuals*, the middle 95 % of the figure over
the random halves (the delete-half jackknife, whose spread estimates that of the whole sample's figure; Shao and Wu 1989,
"A general theory for jackknife variance estimation"), and *over sets* (Wilson 1927), which pretends that sets are
independent and is too narrow. The first is the one to quote.

What it does not claim: chat is not API traffic, and one community is not the world.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from stillwatch.detect.families import Family, Gathering, kept
from stillwatch.detect.individuality import Spread, Sums, correlation, set_evidence
from stillwatch.detect.sketch import StaticEmbedding
from stillwatch.detect.sketch.style import style_vectors
from stillwatch.errors import InputError, UsageError
from stillwatch.lab.intervals import wilson
from stillwatch.lab.irc import Chat

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EVIDENCE, CORRELATION = "log10 e-value", "correlation, negated"
FALSE_POSITIVE_RATE = 0.01
TARGET = 0.95
FEWEST_SETS = 100
"""Sets of people below which one in a hundred cannot be told: the threshold would be their maximum or above it."""


@dataclass(frozen=True)
class Setting:
    """What is measured.

    ``accounts`` per set, ``messages`` of each (one a day), ``sets`` of people and of dealt messages per split, ``splits`` of
    the individuals into halves. ``each_family``: content and style alone as well.
    """

    accounts: int = 30
    messages: int = 8
    sets: int = 300
    splits: int = 40
    seed: int = 7
    each_family: bool = False

    def check(self) -> None:
        """Refuse what cannot work.

        Raises:
            UsageError: Too few accounts, messages, sets or splits.
        """
        least = {"accounts": 2, "messages": 2, "sets": FEWEST_SETS, "splits": 2}
        for name, value in least.items():
            if getattr(self, name) < value:
                raise UsageError(
                    f"expected --{name} of at least {value}, found {getattr(self, name)}",
                    hint=f"The threshold at {FALSE_POSITIVE_RATE:.0%} needs {FEWEST_SETS} sets of people.",
                )


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic's figures.

    ``tpr`` and ``fpr`` are means over splits; ``fpr`` is of the people of the *other* half, whose messages are dealt.
    """

    family: str
    statistic: str
    tpr: float
    over_individuals: tuple[float, float]
    over_sets: tuple[float, float]
    fpr: float
    fpr_over_individuals: tuple[float, float]
    threshold: float
    people_median: float
    dealt_median: float


class PeopleResult(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of :func:`measure`. ``measured`` begins with the e-value of the joint family, what a hunt judges by."""

    accounts: int
    messages: int
    sets: int
    splits: int
    seed: int
    individuals: int
    threshold_individuals: int
    dealt_individuals: int
    others: int
    all_messages: int
    false_positive_rate: float
    target: float
    spread_learned: bool
    measured: tuple[Measured, ...]

    @property
    def reached(self) -> bool:
        """True where the joint family's figure is at the target; its interval may still reach below."""
        return self.measured[0].tpr >= self.target


@dataclass(frozen=True)
class Crowd:
    """Messages by person and day. ``rows[p][k]``: rows of ``texts`` that person ``p`` wrote on her ``k``-th day."""

    texts: tuple[str, ...]
    rows: tuple[tuple[Ints, ...], ...]

    @classmethod
    def of(cls, chat: Chat) -> Crowd:
        """Gather a chat; persons in the order of their hashes, days in the order of time."""
        by: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for at, message in enumerate(chat.messages):
            by[message.person][message.day].append(at)
        rows = tuple(tuple(np.array(days[day]) for day in sorted(days)) for _, days in sorted(by.items()))
        return cls(tuple(message.text for message in chat.messages), rows)

    def with_days(self, days: int) -> Ints:
        """Persons who wrote on at least so many days."""
        return np.flatnonzero(np.array([len(person) >= days for person in self.rows]))

    def one_a_day(self, person: int, rng: np.random.Generator, days: int | None = None) -> list[int]:
        """Rows of one message a day, on so many days drawn at random (all of them where none is said)."""
        theirs = self.rows[person]
        chosen = range(len(theirs)) if days is None else rng.choice(len(theirs), days, replace=False)
        return [int(rng.choice(theirs[day])) for day in chosen]

    def draw(self, people: Ints, setting: Setting, rng: np.random.Generator) -> Ints:
        """A set of different people out of ``people``: rows (accounts, messages)."""
        who = rng.choice(people, setting.accounts, replace=False)
        return np.array([self.one_a_day(int(person), rng, setting.messages) for person in who])


def halves(people: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Two disjoint halves of the individuals: for the threshold, and for the dealt sets."""
    order = rng.permutation(people)
    return order[: len(order) // 2], order[len(order) // 2 :]


def deal(rows: Ints, rng: np.random.Generator) -> Ints:
    """The same messages, shuffled over the same number of accounts."""
    return np.asarray(rng.permutation(rows.ravel()).reshape(rows.shape))


@dataclass(frozen=True)
class Judge:
    """The hunt's test: per family the vectors of all messages, the spread of people and the population's mean."""

    vectors: dict[Family, npt.NDArray[np.float32]]
    spread: dict[Family, Spread]
    population: dict[Family, Floats]

    @classmethod
    def learn(cls, texts: Sequence[str], rows: Ints, party: Ints) -> Judge:
        """Embed every text; learn population and spread from the messages ``rows`` of the accounts ``party``."""
        found = {Family.CONTENT: StaticEmbedding.load().encode(texts), Family.STYLE: style_vectors(texts)}
        gathering = Gathering.over(
            rows, party, int(party.max()) + 1, {name: kept(x[rows]) for name, x in found.items()}
        )
        gathering.advance(len(rows))
        state = gathering.state()
        scaled = [found[n] / np.float32(np.sqrt(state[n][1].variance)) for n in (Family.CONTENT, Family.STYLE)]
        vectors = {**found, Family.TEXT: np.hstack(scaled)}
        return cls(vectors, {n: s[1] for n, s in state.items()}, {n: s[2] for n, s in state.items()})

    def weigh(self, rows: Ints, family: Family) -> tuple[float, float]:
        """Of a set (accounts, messages): log10 e-value, and the correlation within accounts, negated (more is worse)."""
        x = self.vectors[family][rows].astype(np.float64)
        sums = Sums(np.full(len(rows), float(rows.shape[1])), x.sum(1), (x**2).sum((1, 2)))
        found = set_evidence(sums, self.spread[family], self.population[family])
        return found.log10_e, -correlation(sums)


def learn_judge(crowd: Crowd, enough: Ints, rng: np.random.Generator) -> Judge:
    """The judge as a hunt would have it from a log of everybody who is in no set, one message a day.

    Raises:
        InputError: There are fewer than a hundred others.
    """
    others = np.setdiff1d(np.arange(len(crowd.rows)), enough)
    if len(others) < FEWEST_SETS:
        raise InputError(
            f"expected {FEWEST_SETS} people to learn the population from, found {len(others)}",
            hint="Give more logs: the population is everybody with fewer days than --messages.",
        )
    said = [crowd.one_a_day(int(person), rng) for person in others]
    party = np.repeat(np.arange(len(said)), [len(rows) for rows in said])
    return Judge.learn(crowd.texts, np.concatenate([np.array(rows) for rows in said]), party)


def eligible(crowd: Crowd, setting: Setting) -> Ints:
    """Individuals with enough days for a set.

    Raises:
        InputError: Too few of them for two disjoint sets.
    """
    enough = crowd.with_days(setting.messages)
    if len(enough) < 2 * setting.accounts:
        raise InputError(
            f"expected {2 * setting.accounts} people with {setting.messages} days, found {len(enough)}",
            hint="Give more logs, or ask for fewer --accounts or --messages.",
        )
    return enough


def threshold(people: Floats, rate: float) -> float:
    """The value that a further set of people exceeds with probability at most ``rate``.

    Null hypothesis: the further set is exchangeable with the ``people`` (M,). With k the largest whole number such that
    (k + 1) / (M + 1) <= rate, the (k + 1)-th largest value holds the rate in expectation over draws (conformal
    prediction; Vovk, Gammerman, Shafer 2005). Infinite where M is too small for the rate.
    """
    k = int(np.floor(rate * (len(people) + 1) + 1e-9)) - 1
    return float(np.sort(people)[::-1][k]) if k >= 0 else float("inf")


def measure(chat: Chat, setting: Setting, tell: Callable[[int, int], None] | None = None) -> PeopleResult:
    """Measure the true-positive rate at a false-positive rate of 1 % over disjoint individuals.

    Args:
        chat: Messages of people.
        setting: Sizes and seed.
        tell: Told splits done and all.

    Raises:
        UsageError: The setting cannot work.
        InputError: Too few people.
    """
    setting.check()
    rng = np.random.default_rng(setting.seed)
    crowd = Crowd.of(chat)
    enough = eligible(crowd, setting)
    judge = learn_judge(crowd, enough, rng)
    families = (Family.TEXT, Family.CONTENT, Family.STYLE) if setting.each_family else (Family.TEXT,)
    seen: dict[tuple[Family, str], list[tuple[float, ...]]] = defaultdict(list)
    sizes = (0, 0)
    for done in range(setting.splits):
        for_threshold, for_dealt = halves(enough, rng)
        sizes = (len(for_threshold), len(for_dealt))
        people = [crowd.draw(for_threshold, setting, rng) for _ in range(setting.sets)]
        others = [crowd.draw(for_dealt, setting, rng) for _ in range(setting.sets)]
        dealt = [deal(rows, rng) for rows in others]
        for family in families:
            weighed = [np.array([judge.weigh(rows, family) for rows in group]) for group in (people, others, dealt)]
            for at, statistic in enumerate((EVIDENCE, CORRELATION)):
                seen[family, statistic].append(_split(*(group[:, at] for group in weighed)))
        if tell is not None:
            tell(done + 1, setting.splits)
    return PeopleResult(
        accounts=setting.accounts,
        messages=setting.messages,
        sets=setting.sets,
        splits=setting.splits,
        seed=setting.seed,
        individuals=len(enough),
        threshold_individuals=sizes[0],
        dealt_individuals=sizes[1],
        others=len(crowd.rows) - len(enough),
        all_messages=len(crowd.texts),
        false_positive_rate=FALSE_POSITIVE_RATE,
        target=TARGET,
        spread_learned=judge.spread[Family.TEXT].learned,
        measured=tuple(_summary(*which, np.array(splits), setting) for which, splits in seen.items()),
    )


def _split(people: Floats, others: Floats, dealt: Floats) -> tuple[float, ...]:
    """One split: true- and false-positive rate, threshold, medians of people and of dealt sets."""
    bar = threshold(people, FALSE_POSITIVE_RATE)
    return (
        float((dealt > bar).mean()),
        float((others > bar).mean()),
        bar,
        float(np.median(people)),
        float(np.median(dealt)),
    )


def _summary(family: Family, statistic: str, splits: Floats, setting: Setting) -> Measured:
    """Figures of one statistic from its splits, one row each (:func:`_split`)."""
    mean = splits.mean(0)
    low, high = np.quantile(splits[:, :2], (0.025, 0.975), axis=0)
    count = setting.sets * len(splits)
    sets = wilson(float(mean[0]) * count, count)
    return Measured(
        family=family.value,
        statistic=statistic,
        tpr=float(mean[0]),
        over_individuals=(float(low[0]), float(high[0])),
        over_sets=(sets.low, sets.high),
        fpr=float(mean[1]),
        fpr_over_individuals=(float(low[1]), float(high[1])),
        threshold=float(np.median(splits[:, 2])),
        people_median=float(mean[3]),
        dealt_median=float(mean[4]),
    )
