"""PRADA on images, the data it was made for: ordinary users against an attack by small synthetic steps.

Source: arXiv 1805.02628. A network that recognises digits is the target; an ordinary user sends digits that were held
back; the attacker sends some digits and then, round by round, each of its queries moved by a fixed step along the sign
of the gradient of its own substitute network (Jacobian-based augmentation, Papernot et al. 2017). As in the paper delta
is set on benign streams, here so that none of those alarms; other benign streams and the attacks are measured.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # noqa: TID251 - not the package
from sklearn.neural_network import MLPClassifier  # noqa: TID251 - not the package

from benchmarks.baselines.prada import PUBLISHED_MINIMUM, nearest_distances, normality

Floats = NDArray[np.float64]
STEP = 0.1
"""Step of the augmentation relative to the range of a pixel, as in Papernot's attack."""


def network(x: Floats, y: NDArray[np.int64], seed: int) -> MLPClassifier:
    """A network with one hidden layer."""
    return MLPClassifier((40,), solver="lbfgs", max_iter=2000, alpha=1e-2, random_state=seed).fit(x, y)


def gradient(model: MLPClassifier, x: Floats, labels: NDArray[np.int64]) -> Floats:
    """Gradient of the logit of ``labels`` with respect to ``x``."""
    first, second = model.coefs_
    active = (x @ first + model.intercepts_[0]) > 0
    column = {c: i for i, c in enumerate(model.classes_.tolist())}
    towards = second[:, [column[int(c)] for c in labels]].T
    return np.asarray((active * towards) @ first.T)


def attack(target: MLPClassifier, seeds: Floats, seed: int, *, most: int = 600) -> Floats:
    """The attacker's queries in order: its seeds, then augmented copies of all it has, doubling each round."""
    queries = seeds
    while len(queries) < most:
        labels = target.predict(queries)
        substitute = network(queries, labels, seed)
        queries = np.vstack((queries, np.clip(queries + STEP * np.sign(gradient(substitute, queries, labels)), 0, 1)))
    return queries[:most]


def lowest(target: MLPClassifier, stream: Floats, delta: float = 0.0) -> tuple[float, int | None]:
    """Lowest W over the stream, and the query at which W first falls below ``delta``."""
    labels = np.asarray(target.predict(stream), dtype=np.int64)
    distances = nearest_distances(stream.astype(np.float32), labels)
    least, when = 1.0, None
    for n in range(PUBLISHED_MINIMUM, len(distances) + 1, 10):
        w = normality(distances[:n])
        least = least if math.isnan(w) else min(least, w)
        if when is None and w < delta:
            when = n
    return least, when


def detection(*, calibration: int = 100, streams: int = 50, length: int = 300) -> dict[str, float]:
    """Share of other benign streams and of attacks that alarm, and the median number of queries until then."""
    digits = load_digits()
    x, y = np.asarray(digits.data / 16.0), np.asarray(digits.target, dtype=np.int64)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(x))
    target = network(x[order[:700]], y[order[:700]], 0)
    # four pools that share no image: the target's, the attackers' seeds, and two kinds of ordinary users
    mine, theirs, seeds = x[order[700:1200]], x[order[1200:1700]], x[order[1700:]]
    known = [lowest(target, mine[rng.permutation(len(mine))[:length]])[0] for _ in range(calibration)]
    delta = min(known)
    benign = [lowest(target, theirs[rng.permutation(len(theirs))[:length]], delta) for _ in range(streams)]
    attacks = []
    for k in range(5):
        stream = attack(target, seeds[rng.choice(len(seeds), 40, replace=False)], k)
        attacks.append(lowest(target, stream, delta))
    found = [when for _, when in attacks if when is not None]
    return {
        "delta": delta,
        "false_alarms": float(np.mean([when is not None for _, when in benign])),
        "found": len(found) / len(attacks),
        "queries": float(np.median(found)) if found else float("nan"),
        "benign_lowest_w": float(np.median([w for w, _ in benign])),
        "attack_lowest_w": float(np.median([w for w, _ in attacks])),
    }
