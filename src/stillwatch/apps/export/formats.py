"""One way into all formats: campaigns of a run in, text out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.apps.export import ecs, ocsf, stix, tabular
from stillwatch.apps.wording import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.campaigns.model import Campaign, HuntResult


class Format(StrEnum):
    """The formats that ``stillwatch campaigns export`` writes."""

    STIX = "stix"
    OCSF = "ocsf"
    ECS = "ecs"
    CSV = "csv"
    JSON = "json"


def without_text(campaign: Campaign) -> Campaign:
    """``campaign`` with the text of its examples and neighbours taken out."""
    return msgspec.structs.replace(
        campaign,
        examples=tuple(msgspec.structs.replace(each, text=None) for each in campaign.examples),
        neighbours=tuple(msgspec.structs.replace(each, text=None) for each in campaign.neighbours),
    )


def _lines(values: Sequence[Any]) -> str:
    return "".join(msgspec.json.encode(value).decode() + "\n" for value in values)


def export(
    result: HuntResult, form: Format, *, campaigns: Iterable[Campaign] | None = None, producer: str = "Stillwatch user"
) -> str:
    """Campaigns of ``result`` in the format ``form``, the most pressing first.

    Args:
        result: The run.
        form: The format; ``ocsf``, ``ecs`` and ``json`` are JSON Lines, ``stix`` is one bundle, ``csv`` a table.
        campaigns: The campaigns to write; all of the run where left out.
        producer: Who tells it, in STIX.

    Returns:
        The text, with a line end; never with text of a prompt or response.
    """
    chosen = [without_text(each) for each in ordered(result.campaigns if campaigns is None else campaigns)]
    if form is Format.STIX:
        return (
            msgspec.json.format(msgspec.json.encode(stix.bundle(chosen, producer=producer)), indent=2).decode() + "\n"
        )
    if form is Format.OCSF:
        return _lines(ocsf.findings(result, chosen))
    if form is Format.ECS:
        return _lines(ecs.alerts(result, chosen))
    if form is Format.CSV:
        return tabular.table(chosen)
    return _lines(chosen)
