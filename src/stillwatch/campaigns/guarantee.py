"""The guarantee of a run: what is promised about false alarms, under which assumptions, and what cannot be seen."""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.found import KAPPA
from stillwatch.campaigns.looks import Outcome
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.families import Family
from stillwatch.evidence.claims import Guarantee

OVERLAP = 0.1
"""Share of flagged members from which a set is no reference set."""
ASSUMPTIONS = (
    "openings of one account are exchangeable given the account",
    "separate people who are linked lie at least 0.85 times as far apart as strangers of this log do",
    "the mean of an account's openings is near normal, or its error is as small as on the reference sets of this run",
    "accounts of one owner are on record as such, or share an instrument or a domain openly",
)


def guarantee_of(outcome: Outcome, alpha: float, traffic: Traffic) -> Guarantee:
    """State the run's guarantee, with the calibration that this log's other sets show."""
    flagged = np.zeros(traffic.parties, bool)
    for found in outcome.campaigns:
        flagged[found.members] = True
    reference = [c for c in outcome.near if flagged[c.members].mean() < OVERLAP]
    values = np.array([min(c.log10_e, 6.0) for c in reference])
    mean = float(np.mean(10**values)) if len(values) else 0.0
    over = int((values >= 1).sum())
    statement = (
        f"At most {alpha:.0%} of the reported sets are expected to be innocent (e-BH over {outcome.hypotheses} candidate sets"
        f" of a look; suprema over {outcome.looks} hourly looks by the adjuster with kappa {KAPPA}), if the assumptions hold."
        f" Reference sets of this log, formed by the same linking: {len(reference)}, mean e-value {mean:.2f}, {over} at 10 or"
        " more. Their own rank resolves no p-value below the floor; beyond it the guarantee rests on the model."
    )
    return Guarantee(
        statement=statement,
        alpha=alpha,
        reference_sets=len(reference),
        floor=1 / (len(reference) + 1),
        assumptions=ASSUMPTIONS,
        blind_to=_blind(outcome, traffic),
    )


def _blind(outcome: Outcome, traffic: Traffic) -> tuple[str, ...]:
    blind = [
        "sets of fewer than 5 parties, and accounts that stand alone: not decidable",
        "accounts that share no rare payment instrument, address, sign-up address or conversation with a campaign",
    ]
    families = outcome.view.families if outcome.view else {}
    if Family.TEXT not in families:
        blind.append(
            "what is asked and how it is typed: there is no text, so only sets without a common night can be judged"
        )
    if not traffic.with_contexts:
        blind.append("conversations handed from account to account: there are no context hashes")
    if traffic.accounts.payment.empty:
        blind.append("shared payment instruments: none on record")
    if not traffic.with_addresses:
        blind.append("shared addresses: none in the log")
    return tuple(blind)
