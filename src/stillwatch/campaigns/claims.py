"""The claims of a set: each family's evidence in words, with its null hypothesis and who innocently looks like that."""

from __future__ import annotations

from stillwatch.campaigns.candidates import Candidate
from stillwatch.campaigns.innocent import ASSIGNMENT, ASSIGNMENT_RATE
from stillwatch.campaigns.model import Alternative
from stillwatch.detect.families import Family
from stillwatch.detect.signals import CATALOGUE
from stillwatch.evidence.claims import Claim

SIGNAL = {
    Family.TEXT: "individuality-text",
    Family.STYLE: "individuality-style",
    Family.CONTENT: "individuality-content",
    Family.RHYTHM: "individuality-rhythm",
}
METHOD = "mixture likelihood ratio from per-account sums, leave one out"
SAYS = {
    Family.TEXT: "What {dealt} of {all} accounts ask, and how they type it, does not differ from account to account.",
    Family.STYLE: "The way of typing does not differ between {dealt} of {all} accounts.",
    Family.CONTENT: "The subjects do not differ between {dealt} of {all} accounts.",
    Family.RHYTHM: "{dealt} of {all} accounts keep the same hours, and together they never sleep.",
}
SAYS_NOT = "{all} accounts differ as separate people do ({family})."


def claims_of(candidate: Candidate, people: dict[Family, float]) -> tuple[Claim, ...]:
    """Claims of a judged set, strongest first. ``people``: the median distance of people per family, as reference."""
    dealt, everybody = len(candidate.core), len(candidate.members)
    out = []
    for family, log10_e in candidate.by_family.items():
        signal = CATALOGUE[SIGNAL[family]]
        words = SAYS[family] if log10_e > 0 else SAYS_NOT
        out.append(
            Claim(
                signal=signal.name,
                statement=words.format(dealt=dealt, all=everybody, family=family.value),
                null=signal.null,
                statistic=candidate.rho.get(family, 0.0),
                reference=people.get(family, 0.0),
                log10_e=float(log10_e),
                sample=everybody,
                method=METHOD,
                innocent=signal.innocent,
            )
        )
    if candidate.handoffs:
        signal = CATALOGUE["conversation-handoff"]
        out.append(
            Claim(
                signal=signal.name,
                statement=f"{candidate.handoffs} conversations begun by one account were continued by another.",
                null=signal.null,
                statistic=float(candidate.handoffs),
                reference=candidate.handoffs_expected,
                log10_e=candidate.handoff_log10_e,
                sample=everybody,
                method="Poisson tail by its Chernoff bound, calibrated to an e-value",
                innocent=signal.innocent,
            )
        )
    return tuple(sorted(out, key=lambda claim: -(claim.log10_e or 0.0)))


def shares_claims_of(tried: tuple[Alternative, ...], ordinary: float, exchanges: int) -> tuple[Claim, ...]:
    """Context: repeated texts against a shared assignment, and how much of the traffic could be ordinary use."""
    out = []
    for alternative in tried:
        if alternative.name == ASSIGNMENT:
            signal = CATALOGUE["duplicate-deficit"]
            out.append(
                Claim(
                    signal=signal.name,
                    statement=alternative.finding[:1].upper() + alternative.finding[1:],
                    null=signal.null,
                    statistic=0.0,
                    reference=ASSIGNMENT_RATE,
                    method="Poisson, lower tail, when the set was reported",
                    innocent=signal.innocent,
                )
            )
    signal = CATALOGUE["ordinary-share"]
    out.append(
        Claim(
            signal=signal.name,
            statement=f"{ordinary:.0%} of its exchanges could be ordinary people's use",
            null=signal.null,
            statistic=round(ordinary, 4),
            reference=1.0,
            sample=exchanges,
            method="cells of openings against everybody else's",
            innocent=signal.innocent,
        )
    )
    return tuple(out)
