"""What is put before the reader's eyes: links in words, raw examples, and the honest accounts nearest to a campaign."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import triu

from stillwatch._internal.times import moment
from stillwatch.campaigns.candidates import View
from stillwatch.campaigns.found import Found
from stillwatch.campaigns.labels import Labels, name_of
from stillwatch.campaigns.links import INFRASTRUCTURE, Incidence, LinkKind
from stillwatch.campaigns.model import Edge, Example, Neighbour
from stillwatch.detect.individuality import dealt_against_people, resemblance, squared_distance
from stillwatch.detect.log import NONE, Bools, Floats, Ints, Log
from stillwatch.detect.sketch import Capability, Elicitation, redact

MOST_EDGES = 600
EXAMPLES = 5
NEIGHBOURS = 5


def _first_account(log: Log) -> list[str]:
    """The first account of each party, by name."""
    out = [""] * log.parties
    ids = log.accounts.ids.to_pylist()
    for account in range(len(ids) - 1, -1, -1):
        out[int(log.accounts.party[account])] = str(ids[account])
    return out


def edges(log: Log, view: View, kinds: dict[LinkKind, Incidence], members: Ints) -> tuple[Edge, ...]:
    """Links between members, heaviest first, each with its rarest shared value in words."""
    names, found = _first_account(log), []
    for kind in INFRASTRUCTURE:
        part = view.graph.by_kind.get(kind)
        shown = view.graph.shown.get(kind)
        if part is None or shown is None:
            continue
        inside = triu(part[members][:, members], k=1).tocoo()
        heaviest = np.argsort(-inside.data, kind="stable")[:MOST_EDGES]
        frequency = np.asarray(shown.sum(0)).ravel()
        for at in heaviest:
            a, b = int(members[inside.row[at]]), int(members[inside.col[at]])
            words = _words(kind, kinds[kind], shown, a, b, frequency, len(log.accounts))
            found.append(Edge(a=names[a], b=names[b], kind=kind.value, weight=float(inside.data[at]), words=words))
    return tuple(sorted(found, key=lambda e: (-e.weight, e.a, e.b))[:MOST_EDGES])


def _words(
    kind: LinkKind, incidence: Incidence, shown: object, a: int, b: int, frequency: np.ndarray, population: int
) -> str:
    rows = shown[[a, b]]  # type: ignore[index]
    both = np.intersect1d(rows[[0]].indices, rows[[1]].indices)
    if kind is LinkKind.HANDOFF:
        return f"{len(both)} conversations begun by one and continued by the other"
    if not len(both):
        return kind.value
    rarest = int(both[np.argmin(frequency[both])])
    more = f" and {len(both) - 1} more" if len(both) > 1 else ""
    return f"{kind.value} {incidence.name(rarest)}, used by {int(frequency[rarest]):,} of {population:,} accounts{more}"


def _text(log: Log, row: int, *, redacted: bool) -> str | None:
    text = log.texts.text(int(log.prompt.codes[row]))
    if text is None:
        return None
    return redact(text) if redacted else text


def picked(labels: Labels) -> Ints:
    """Positions of the rows that are shown as examples."""
    if not len(labels.rows):
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(0, len(labels.rows) - 1, EXAMPLES).astype(np.int64))


def examples(log: Log, labels: Labels, *, redacted: bool) -> tuple[Example, ...]:
    """Raw exchanges spread over the campaign's time and its most frequent labels; never picked for effect."""
    ids, out = log.accounts.ids, []
    for at in picked(labels):
        row = int(labels.rows[at])
        capability, elicitation = int(labels.capability[at]), int(labels.elicitation[at])
        out.append(
            Example(
                account_id=str(ids[int(log.account[row])].as_py()),
                ts=moment(int(log.ts[row])),
                model=log.model.text(int(log.model.codes[row])) or "",
                input_tokens=int(log.input_tokens[row]),
                output_tokens=int(log.output_tokens[row]),
                capability=None if capability == NONE else name_of(Capability(capability)),
                elicitation=None if elicitation == NONE else name_of(Elicitation(elicitation)),
                text=_text(log, row, redacted=redacted),
            )
        )
    return tuple(out)


class Nearest(NamedTuple):
    """The honest parties nearest to a campaign's corpus, nearest first, and what tells each apart: (k,) each."""

    party: Ints
    near: Floats
    ratio: Floats
    tied: Floats
    openings: Floats


def nearest(view: View, found: Found, suspects: Bools) -> Nearest | None:
    """The honest parties whose openings lie nearest to the campaign's corpus; None where nobody says enough."""
    sums, spread, population = view.families[view.leading]
    core = sums.of(found.members)
    centre = core.s.sum(0) / max(core.n.sum(), 1)
    honest = np.flatnonzero(~suspects & (sums.n >= 2))
    if not len(honest):
        return None
    who = sums.of(honest)
    near = resemblance(who, centre, population, spread)
    ratio = dealt_against_people(who.n, squared_distance(who, centre), spread)
    inside = np.zeros(len(suspects))
    inside[found.members] = 1
    tied = np.asarray(view.infrastructure[honest] @ inside).ravel()
    at = np.argsort(-(near + np.minimum(ratio, 0)), kind="stable")[:NEIGHBOURS]
    return Nearest(honest[at], near[at], ratio[at], tied[at], who.n[at])


def first_row(log: Log, party: int) -> int:
    """The row of a party's first exchange."""
    return int(np.flatnonzero(log.party == party)[0])


def neighbours(
    log: Log, sent: Ints, view: View, found: Found, suspects: Bools, *, redacted: bool
) -> tuple[Neighbour, ...]:
    """The honest parties nearest to the campaign's corpus; ``sent`` (parties,) counts what each has sent."""
    close = nearest(view, found, suspects)
    if close is None:
        return ()
    names, out = _first_account(log), []
    for party, near, ratio, tied, openings in zip(*close, strict=True):
        out.append(
            Neighbour(
                account_id=names[party],
                exchanges=int(sent[party]),
                nearness=round(float(near), 2),
                apart=_apart(float(ratio), float(tied), int(openings)),
                text=_text(log, first_row(log, int(party)), redacted=redacted),
            )
        )
    return tuple(out)


def texts_shown(log: Log, view: View, suspects: Bools, campaigns: list[tuple[Found, Labels]]) -> Ints:
    """Codes of the texts that :func:`examples` and :func:`neighbours` show of some campaigns."""
    rows: list[int] = []
    for found, labels in campaigns:
        rows += labels.rows[picked(labels)].tolist()
        close = nearest(view, found, suspects)
        rows += [] if close is None else [first_row(log, int(party)) for party in close.party]
    codes = np.unique(log.prompt.codes[rows]) if rows else np.zeros(0, np.int64)
    return np.asarray(codes[codes != NONE])


def _apart(ratio: float, tied: float, openings: int) -> str:
    link = "shares no rare infrastructure with it" if tied == 0 else "shares little infrastructure with it"
    if ratio < -1:
        return f"has a mean of its own over {openings} openings (log ratio {ratio:.1f}); {link}"
    return f"{link}; {openings} openings are too few to show a mean of its own"
