"""Features of an account from its integer sums: ratios, entropies and means, finalised in one place.

    >>> from stillwatch.detect.account_features import features
    >>> features(engine.run(all_sums(), by_account=True))            # doctest: +SKIP

The engines give whole numbers (:mod:`stillwatch.detect.core.accounts`), equal on all of them; what follows is NumPy on one row
per account, so the features are equal too. They describe; none of them has a null hypothesis, so none is evidence.

Entropies are in nats. The collision entropy -ln(sum p^2) (Renyi 1961, order 2) needs only the sum of squared counts, which an
engine adds up exactly; the hours' entropy is Shannon's, from 24 counts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.core.accounts import GAPS_S, HOURS, KINDS, MORE_KINDS, gap_name, hour_name

Floats = npt.NDArray[np.float64]
NIGHT = tuple(range(6))
"""Hours (UTC) counted as night."""
SECONDS_PER_DAY = 86_400.0


def features(sums: pa.Table) -> pa.Table:
    """Features per account: ``account`` (key) and 64-bit floats, in the order of ``sums``.

    ``sums`` is the result of :func:`stillwatch.detect.core.accounts.integer_core` or, with more columns,
    :func:`~stillwatch.detect.core.accounts.all_sums`. No value is missing: a ratio over nothing is 0.
    """
    n = _of(sums, "exchanges")
    found: dict[str, Floats] = {
        "exchanges": n,
        "failed_share": _ratio(_of(sums, "failed"), n),
        "opening_share": _ratio(_of(sums, "openings"), n),
        "turns_mean": _ratio(_of(sums, "turns"), n),
        "tools_share": _ratio(_of(sums, "with_tools"), n),
        "stream_share": _ratio(_of(sums, "streamed"), n),
        "continued_share": _ratio(_of(sums, "continued"), n),
    }
    found |= _tokens(sums, n) | _times(sums, n) | _gaps(sums, n)
    for kind in (*KINDS, *MORE_KINDS):
        if f"{kind}_distinct" in sums.column_names:
            found |= _kind(sums, kind, n)
    return pa.table({"account": sums["account"], **{name: pa.array(values) for name, values in found.items()}})


def _of(sums: pa.Table, name: str) -> Floats:
    return np.asarray(sums[name].to_numpy(), np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def _tokens(sums: pa.Table, n: Floats) -> dict[str, Floats]:
    """Means, and standard deviations of the tokens up to the cap of the sums of squares."""
    out: dict[str, Floats] = {}
    for side in ("input", "output"):
        mean = _ratio(_of(sums, f"{side}_tokens"), n)
        square = _ratio(_of(sums, f"{side}_square"), n)
        out[f"{side}_mean"] = mean
        out[f"{side}_deviation"] = np.sqrt(np.maximum(square - mean**2, 0))
        out[f"{side}_range"] = _of(sums, f"{side}_most") - _of(sums, f"{side}_least")
    out["output_per_input"] = _ratio(_of(sums, "output_tokens"), _of(sums, "input_tokens"))
    return out


def _times(sums: pa.Table, n: Floats) -> dict[str, Floats]:
    hours = np.stack([_of(sums, hour_name(h)) for h in HOURS])
    share = hours / np.maximum(n, 1)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    span = (_of(sums, "last_us") - _of(sums, "first_us")) / 1e6 / SECONDS_PER_DAY
    out = {
        "hours_entropy": -(share * logs).sum(0),
        "night_share": share[list(NIGHT)].sum(0),
        "span_days": span,
        "per_day": _ratio(n, _of(sums, "days")),
        "days_share": _ratio(_of(sums, "days"), np.ceil(span) + 1),
        "day_most_share": _ratio(_of(sums, "day_most"), n),
    }
    if "hours_active" in sums.column_names:
        out["per_active_hour"] = _ratio(n, _of(sums, "hours_active"))
        out["hour_most"] = _of(sums, "hour_most")
    return out


def _gaps(sums: pa.Table, n: Floats) -> dict[str, Floats]:
    """Share of the gaps up to each threshold, and the smallest threshold that half of them keep (inf where none does)."""
    between = np.maximum(n - 1, 0)
    counts = np.stack([_of(sums, gap_name(s)) for s in GAPS_S])
    half = (counts * 2 >= between) & (between > 0)
    seconds = np.append(np.array(GAPS_S, np.float64), np.inf)
    first = np.where(half.any(0), half.argmax(0), len(GAPS_S))
    shares = {f"gap_{s}s_share": _ratio(counts[i], between) for i, s in enumerate(GAPS_S)}
    return {**shares, "gap_median_below_s": seconds[first]}


def _kind(sums: pa.Table, kind: str, n: Floats) -> dict[str, Floats]:
    """Distinct values per exchange, collision entropy and the share of the most frequent value, of the exchanges that have one."""
    square, most = _of(sums, f"{kind}_square"), _of(sums, f"{kind}_most")
    concentrated = _ratio(square, n**2)
    return {
        f"{kind}_distinct": _of(sums, f"{kind}_distinct"),
        f"{kind}_per_exchange": _ratio(_of(sums, f"{kind}_distinct"), n),
        f"{kind}_collision_entropy": -np.log(concentrated, out=np.zeros_like(concentrated), where=concentrated > 0),
        f"{kind}_most_share": _ratio(most, n),
    }
