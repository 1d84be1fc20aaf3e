"""Kinds: a pool that resells access, the harvest itself, or a harvest that rides on a pool.

Read from behaviour, in this order (the reading table of ``docs/explanation/method.md``):

* conversations handed from account to account, beyond the log's rate, and nearly two thirds of the traffic or more can be
  ordinary use: a pool with sessions of its own, a ``broker`` (a harvest may hand its sessions on as well, and mix unrelated
  requests in, but its customers are not most of it);
* no more than a part of the traffic can be ordinary use: ``extraction``;
* most of it can, and the ordinary part is dealt over the accounts too (no account has customers of its own): ``broker``;
* most of it can, and the ordinary part belongs to each account: filler, ``extraction``.
"""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.candidates import Candidate, View
from stillwatch.campaigns.model import Kind
from stillwatch.detect.families import Family, Gathering
from stillwatch.detect.individuality import Sums, correlation
from stillwatch.detect.log import Floats, Ints

CUSTOMERS = 0.625
"""Ordinary share from which a set that hands conversations on is its customers'.

Filler that is dealt like the rest looks like customers in all but its share: nobody comes back in it, but who comes back is
not to be seen in a few requests each. Measured shares: pools 0.66 to 0.81, harvests with three fifths of filler 0.50 to 0.59.
"""
HANDOFF_EVIDENCE = 3.0
"""log10 e of hand-offs from which a set is a pool."""
MOSTLY_ORDINARY = 0.8
"""The same where none are handed on: part of a harvest with dealt filler was measured at 0.74."""
DEALT = 0.25
"""Correlation of the ordinary part, relative to the people of the log, below which it counts as dealt."""


def kind_of(
    view: View, candidate: Candidate, gathering: Gathering, members: Ints, ordinary: Floats, rows: Ints
) -> Kind:
    """Kind of a campaign. ``ordinary``: probability per opening of ``rows`` (positions in the gathering) to be ordinary."""
    customers = view.leading is not Family.TEXT or (len(ordinary) and float(ordinary.mean()) >= CUSTOMERS)
    if candidate.handoff_log10_e >= HANDOFF_EVIDENCE and customers:
        return Kind.BROKER
    if not len(ordinary) or float(ordinary.mean()) < MOSTLY_ORDINARY:
        return Kind.EXTRACTION
    likely = rows[ordinary > 0.5]
    place = {int(party): at for at, party in enumerate(members)}
    who = np.array([place[int(p)] for p in gathering.party[likely]], np.int64)
    x = gathering.joined(likely, view.families)
    part = Sums.zeros(len(members), x.shape[1])
    part.add(who, x)
    people = float(np.mean(view.families[view.leading][1].people))
    rho = correlation(part)
    return Kind.BROKER if np.isfinite(rho) and rho < DEALT * people else Kind.EXTRACTION
