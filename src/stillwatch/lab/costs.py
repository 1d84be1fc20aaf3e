"""What a campaign costs its operator in dollars, counted in a made-up log.

Every price is a named constant that says where it comes from. Most are assumptions: they set the scale of a price of
evasion, not its direction, and a reader with better figures puts in their own.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from stillwatch.lab.folder import columns, engine, parts, source


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars.

    ``account``: a tenth of a subscription of 20 dollars a month; offers of accounts at about a tenth of the list price
    stand in the read-me file of the relay ``Wei-Shaw/sub2api``.
    ``address``: one residential proxy address for a month (assumption).
    ``instrument``: a virtual card or another payment instrument that passes sign-up (assumption).
    ``input_tokens``, ``output_tokens``: a million at the list price (assumption), of which ``token_share`` is paid: resold
    access is offered at 2 to 7 % of list (the same file); the dearer end.
    ``rewriting``: a million tokens worded anew by a small model (assumption).
    """

    account: float = 2.0
    address: float = 2.5
    instrument: float = 5.0
    input_tokens: float = 3.0
    output_tokens: float = 15.0
    token_share: float = 0.07
    rewriting: float = 0.5


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign used, and what that costs.

    Tokens are all that its accounts sent and got, filler included; ``filler_tokens`` are those that are no extraction.
    """

    accounts: int
    addresses: int
    instruments: int
    input_tokens: int
    output_tokens: int
    filler_tokens: int
    rewritten_tokens: float
    months: float
    dollars: float


_USED = """
SELECT count(DISTINCT x.account_id), count(DISTINCT x.ip), coalesce(sum(x.input_tokens), 0), coalesce(sum(x.output_tokens), 0),
    coalesce(sum(x.input_tokens + x.output_tokens) FILTER (WHERE bad.exchange_id IS NULL), 0),
    coalesce(sum(x.input_tokens) FILTER (WHERE bad.exchange_id IS NOT NULL), 0),
    coalesce(epoch(max(x.ts) - min(x.ts)) / 86400 / 30, 0)
FROM {exchanges} x JOIN {truth} t USING (account_id)
LEFT JOIN (SELECT exchange_id FROM {bad} WHERE malicious) bad USING (exchange_id) WHERE t.kind <> 'benign'
"""
_PAID = """
SELECT count(DISTINCT a.payment_fingerprint) FROM {accounts} a JOIN {truth} t USING (account_id)
WHERE t.kind <> 'benign'
"""


def bill(log: Path, prices: Prices, *, paraphrase: float = 0.0) -> Bill:
    """Count what the malicious accounts of a log used; ``paraphrase`` is the share of the extraction worded anew."""
    names = {"exchanges": "exchanges", "truth": "truth", "bad": "truth_exchanges"}
    with engine() as db:
        sources = {key: source(parts(log, table)) for key, table in names.items()}
        used = db.sql(_USED.format(**sources)).fetchall()[0]
        accounts = parts(log, "accounts")
        paid = 0
        if "payment_fingerprint" in columns(db, accounts):
            paid = int(db.sql(_PAID.format(accounts=source(accounts), truth=sources["truth"])).fetchall()[0][0])
    count, addresses, sent, got, filler, extracted, months = used
    rewritten = paraphrase * float(extracted)
    tokens = float(sent) * prices.input_tokens + float(got) * prices.output_tokens
    dollars = (
        count * prices.account
        + addresses * prices.address * max(1.0, float(months))
        + paid * prices.instrument
        + tokens / 1e6 * prices.token_share
        + rewritten / 1e6 * prices.rewriting
    )
    return Bill(
        accounts=int(count),
        addresses=int(addresses),
        instruments=paid,
        input_tokens=int(sent),
        output_tokens=int(got),
        filler_tokens=int(filler),
        rewritten_tokens=rewritten,
        months=round(float(months), 4),
        dollars=round(float(dollars), 2),
    )
