"""MMD and PRADA on windows of prompts, drawn independently as the paper does, and from people as accounts are.

Source: arXiv 2606.05725 (windows, mixtures, threshold), and the project's measured tables for small windows and for
people. Benign prompts: questions, commands, programmers' questions, Chinese text and arithmetic problems; attack:
published distillation sets. Benign prompts are halved: one half sets thresholds, the other is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl  # noqa: TID251 - not the package
from numpy.typing import NDArray

from benchmarks.baselines.mmd import Kernel, Reference, inner_mean, median_kernel, reference
from benchmarks.baselines.personas import personas, topics
from benchmarks.baselines.prada import nearest_distances, normality

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.baselines.log import Embed, Vectors

Floats = NDArray[np.float64]
BENIGN = ("organic", "code", "reasoning", "chinese")
SIZES = (10, 20, 50, 200)
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
PAIRS = (("banking77", "gpteacher-codegen"), ("clinc-oos", "t0-templates"), ("stack-overflow-titles", "gorilla-apibench"),
         ("query-wellformedness", "gpteacher-roleplay"), ("gsm8k-train", "gpteacher-codegen"))  # fmt: skip


@dataclass(frozen=True)
class Prompts:
    """Vectors of benign and attack prompts, with the source of each."""

    benign: Vectors
    benign_source: NDArray[np.str_]
    attack: Vectors
    attack_source: NDArray[np.str_]


def read_prompts(folder: Path, embed: Embed, *, most: int = 2500) -> Prompts:
    """At most ``most`` prompts of each source, the first ones of a seeded shuffle."""

    def load(groups: tuple[str, ...]) -> tuple[Vectors, NDArray[np.str_]]:
        table = pl.concat([pl.read_parquet(folder / f"{g}.parquet", columns=["prompt", "source"]) for g in groups])
        kept = table.sample(fraction=1.0, shuffle=True, seed=1).group_by("source", maintain_order=True).head(most)
        return embed(kept["prompt"].to_list()), np.array(kept["source"].to_list(), dtype=np.str_)

    return Prompts(*load(BENIGN), *load(("attack",)))


def between(kernel: Kernel, x: Vectors, y: Vectors) -> float:
    """Unbiased squared MMD of two windows."""
    return inner_mean(kernel, x) + inner_mean(kernel, y) - 2 * float(kernel(x, y).mean(dtype=np.float64))


def some(pool: Vectors, n: int, rng: np.random.Generator) -> Vectors:
    """``n`` different rows of ``pool``."""
    return pool[rng.choice(len(pool), n, replace=False)]


def pair_rates(
    benign: Vectors, attack: Vectors, rng: np.random.Generator, *, size: int, windows: int, references: int
) -> dict[str, float]:
    """The paper's protocol on one pair: share of windows whose mean score against the references exceeds the threshold.

    The threshold is the 95th percentile of 1,000 single scores of benign against benign. Those two windows share no
    prompt: a shared one would count as a perfect match, lower the threshold, and make every held-out window alarm.
    """
    known, held = np.array_split(benign[rng.permutation(len(benign))], 2)
    kernel = median_kernel(known)
    null = []
    for _ in range(1000):
        left, right = np.array_split(some(known, 2 * size, rng), 2)
        null.append(between(kernel, left, right))
    cut = float(np.quantile(null, 0.95))
    bases = [some(known, size, rng) for _ in range(references)]
    out = {}
    for name, share in (("fpr", 0.0), *((f"{s:g}", s) for s in SHARES)):
        bad, hits = round(share * size), 0
        for _ in range(windows):
            window = np.vstack((some(held, size - bad, rng), some(attack, bad, rng)))
            hits += float(np.mean([between(kernel, window, b) for b in bases])) > cut
        out[name] = hits / windows
    return out


def mixed_windows(prompts: Prompts, *, size: int = 200, windows: int = 50, references: int = 20) -> dict[str, float]:
    """The paper's protocol, mean over five pairs; keys: ``fpr``, and the share of attack in a window."""
    found = []
    for number, (normal, attacker) in enumerate(PAIRS):
        benign = prompts.benign[prompts.benign_source == normal]
        attack = prompts.attack[prompts.attack_source == attacker]
        rng = np.random.default_rng(number)
        found.append(pair_rates(benign, attack, rng, size=size, windows=windows, references=references))
    return {k: float(np.mean([f[k] for f in found])) for k in found[0]}


@dataclass(frozen=True)
class Scene:
    """Benign prompts to set thresholds on and to measure, and the reference that windows are compared with."""

    ref: Reference
    known: Vectors
    known_near: Floats
    held: Vectors
    held_near: Floats
    attack: Vectors
    attack_near: Floats


def scene(prompts: Prompts, rng: np.random.Generator) -> Scene:
    """Halve the benign prompts and compare every prompt with the reference once."""
    known, held = np.array_split(prompts.benign[rng.permutation(len(prompts.benign))], 2)
    ref = reference(known, rng)
    return Scene(ref, known, ref.near(known), held, ref.near(held), prompts.attack, ref.near(prompts.attack))


def scores(s: Scene, n: int, count: int, rng: np.random.Generator, *, pool: str, share: float = 0.0) -> Floats:
    """Discrepancies of ``count`` independent windows of ``n`` prompts, ``share`` of them attack."""
    vectors, near = (s.known, s.known_near) if pool == "known" else (s.held, s.held_near)
    bad, out = round(share * n), []
    for _ in range(count):
        good, evil = rng.integers(0, len(vectors), n - bad), rng.integers(0, len(s.attack), bad)
        window = np.vstack((vectors[good], s.attack[evil]))
        out.append(s.ref.discrepancy(window, np.concatenate((near[good], s.attack_near[evil]))))
    return np.array(out)


def small_windows(prompts: Prompts, *, draws: int = 1000, attacks: int = 300) -> dict[str, float]:
    """Share of pure and of three-quarters diluted windows above the 99th percentile of independent benign windows."""
    rng = np.random.default_rng(11)
    s, out = scene(prompts, rng), {}
    for n in SIZES:
        cut = float(np.quantile(scores(s, n, draws, rng, pool="known"), 0.99))
        out[f"fpr {n}"] = float((scores(s, n, attacks, rng, pool="held") > cut).mean())
        out[f"pure {n}"] = float((scores(s, n, attacks, rng, pool="held", share=1.0) > cut).mean())
        out[f"quarter {n}"] = float((scores(s, n, attacks, rng, pool="held", share=0.25) > cut).mean())
    return out


def persona_rates(prompts: Prompts, *, draws: int = 1000, people: int = 600, attacks: int = 300) -> dict[str, float]:
    """People above the independent threshold, and attacks above a threshold set on people; PRADA likewise at n = 50."""
    rng = np.random.default_rng(12)
    s, out = scene(prompts, rng), {}
    groups = topics(s.held)
    for n in SIZES:
        rows = personas(groups, n, people, rng)
        found = np.array([s.ref.discrepancy(s.held[r], s.held_near[r]) for r in rows])
        pure = scores(s, n, attacks, rng, pool="held", share=1.0)
        cut = float(np.quantile(scores(s, n, draws, rng, pool="known"), 0.99))
        out[f"people {n}"] = float((found > cut).mean())
        out[f"calibrated {n}"] = float((pure > np.quantile(found, 0.99)).mean())
    rows = personas(groups, 50, people, rng)
    benign = np.array([1 - normality(nearest_distances(s.held[r])) for r in rows])
    evil = np.array(
        [1 - normality(nearest_distances(s.attack[rng.integers(0, len(s.attack), 50)])) for _ in range(attacks)]
    )
    out["prada"] = float((evil > np.nanquantile(benign, 0.99)).mean())
    return out
