"""Which accounts and links of a set are drawn, and where: deterministic, computed here so that the page needs no script.

The layout is force-directed (Fruchterman and Reingold 1991) with a pull to the centre that keeps separate parts together.
Position carries no meaning beyond nearness; what counts is in the table of links.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.model import Edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Positions = npt.NDArray[np.float64]


class Drawn(msgspec.Struct, frozen=True):
    """The part of a linked set that is drawn, and how much is left out."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    degree: tuple[int, ...]
    nodes_left_out: int
    edges_left_out: int


class Held(msgspec.Struct, frozen=True):
    """One kind of link: the accounts that it touches, and those that fall off the set without it."""

    kind: str
    accounts: int
    falls_off: int


def select(accounts: Sequence[str], edges: Iterable[Edge], *, nodes: int = 150, links: int = 600) -> Drawn:
    """Keep the accounts with the most weight on their links, and the strongest links among them.

    Args:
        accounts: All accounts of the set.
        edges: All links known; several between two accounts are allowed.
        nodes: Most accounts to draw.
        links: Most links to draw.
    """
    known = tuple(edges)
    weight: dict[str, float] = dict.fromkeys(accounts, 0.0)
    for edge in known:
        for end in (edge.a, edge.b):
            weight[end] = weight.get(end, 0.0) + edge.weight
    order = sorted(weight, key=lambda name: (-weight[name], name))
    kept = set(order[:nodes])
    inside = [edge for edge in known if edge.a in kept and edge.b in kept and edge.a != edge.b]
    drawn = sorted(inside, key=lambda edge: (-edge.weight, edge.a, edge.b, edge.kind))[:links]
    partners: dict[str, set[str]] = defaultdict(set)
    for edge in drawn:
        partners[edge.a].add(edge.b)
        partners[edge.b].add(edge.a)
    names = tuple(order[:nodes])
    return Drawn(
        nodes=names,
        edges=tuple(drawn),
        degree=tuple(len(partners[name]) for name in names),
        nodes_left_out=len(order) - len(names),
        edges_left_out=len(known) - len(drawn),
    )


def force_layout(drawn: Drawn, *, seed: int = 0, rounds: int = 160) -> Positions:
    """Place the accounts of ``drawn`` in the unit square; the same input gives the same picture.

    Args:
        drawn: Accounts and links.
        seed: Seed of the starting positions.
        rounds: Steps of the simulation; the step size falls to nothing over them.

    Returns:
        One row (x, y) an account, both between 0 and 1.
    """
    size = len(drawn.nodes)
    if size == 0:
        return np.zeros((0, 2))
    index = {name: row for row, name in enumerate(drawn.nodes)}
    heads = np.array([index[edge.a] for edge in drawn.edges], dtype=np.intp)
    tails = np.array([index[edge.b] for edge in drawn.edges], dtype=np.intp)
    pull = np.array([min(edge.weight, 10.0) / 5.0 for edge in drawn.edges])
    place = np.random.default_rng(seed).uniform(-0.5, 0.5, (size, 2))
    ideal = 0.9 / np.sqrt(size)
    for step in range(rounds):
        apart = place[:, None, :] - place[None, :, :]
        distance2 = np.maximum((apart**2).sum(axis=2), 1e-6)
        force = (apart * (ideal**2 / distance2)[:, :, None]).sum(axis=1)
        along = place[heads] - place[tails]
        length = np.sqrt((along**2).sum(axis=1, keepdims=True))
        attraction = along * length / ideal * pull[:, None]
        np.subtract.at(force, heads, attraction)
        np.add.at(force, tails, attraction)
        force -= place * 0.9
        size_of_force = np.maximum(np.sqrt((force**2).sum(axis=1, keepdims=True)), 1e-9)
        place = place + force / size_of_force * np.minimum(size_of_force, 0.12 * (1.0 - step / rounds))
    low, high = place.min(axis=0), place.max(axis=0)
    return np.where(high > low, (place - low) / np.maximum(high - low, 1e-12), 0.5)


def _largest(accounts: Sequence[str], edges: Iterable[Edge]) -> int:
    parent = {name: name for name in accounts}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for edge in edges:
        if edge.a in parent and edge.b in parent:
            parent[root(edge.a)] = root(edge.b)
    sizes: dict[str, int] = defaultdict(int)
    for name in parent:
        sizes[root(name)] += 1
    return max(sizes.values(), default=0)


def held_by(accounts: Sequence[str], edges: Sequence[Edge]) -> tuple[Held, ...]:
    """For each kind of link: how many accounts leave the main body of the set when that kind is distrusted."""
    whole = _largest(accounts, edges)
    kinds: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        kinds[edge.kind].update((edge.a, edge.b))
    held = (
        Held(kind, len(touched), whole - _largest(accounts, (edge for edge in edges if edge.kind != kind)))
        for kind, touched in kinds.items()
    )
    return tuple(sorted(held, key=lambda each: (-each.falls_off, -each.accounts, each.kind)))
