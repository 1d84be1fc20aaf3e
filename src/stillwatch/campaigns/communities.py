"""Communities: candidate sets from the link graph, at several resolutions.

Leiden (Traag, Waltman and van Eck 2019) with a fixed seed and one thread, by ``graspologic-native``. A coarse
resolution joins the pieces of one campaign, a fine one keeps it apart from the people around it; both are candidates,
and behaviour decides between them.
"""

from __future__ import annotations

import graspologic_native
import numpy as np
from scipy.sparse import csr_array, triu

from stillwatch.detect.log import Ints

RESOLUTIONS = ((1.0, 0.0), (6.0, 0.0), (1.0, 0.8))
"""(modularity resolution, least weight relative to the heaviest tenth of the links) of each partition."""
SEED = 7
SMALLEST = 4


def communities(graph: csr_array) -> list[Ints]:
    """Distinct communities of at least :data:`SMALLEST` parties, each a sorted array; the order is deterministic."""
    upper = triu(graph, k=1).tocoo()
    if not upper.nnz:
        return []
    edges = [
        (str(a), str(b), w) for a, b, w in zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist(), strict=True)
    ]
    found: dict[bytes, Ints] = {}
    heavy = float(np.quantile(upper.data, 0.9))
    for resolution, least in RESOLUTIONS:
        kept = [edge for edge in edges if edge[2] >= least * heavy]
        _, part = graspologic_native.leiden(kept, None, resolution, 0.001, 1, True, SEED, 1)  # noqa: FBT003
        member = np.array([int(k) for k in part], np.int64)
        label = np.array(list(part.values()), np.int64)
        order = np.lexsort((member, label))
        member, label = member[order], label[order]
        for group in np.split(member, np.flatnonzero(np.diff(label)) + 1):
            if len(group) >= SMALLEST:
                found.setdefault(group.tobytes(), group)
    return [found[key] for key in sorted(found, key=lambda k: (-len(k), k))]
