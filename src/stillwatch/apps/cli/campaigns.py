"""``stillwatch campaigns``: list, show and export what a run found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from stillwatch._internal.text import terminal_safe
from stillwatch.apps.explain import campaign_text, nearest
from stillwatch.apps.export import Format, export
from stillwatch.apps.export.formats import without_text
from stillwatch.apps.run_folder import read_run
from stillwatch.apps.wording import count, number, ordered, short
from stillwatch.campaigns.model import Campaign, HuntResult
from stillwatch.errors import ExitCode, OutputError, UsageError

Run = Annotated[Path, Parameter(name="--run", help="The folder that a hunt wrote (its --out).")]


def pick(result: HuntResult, campaign_id: str) -> Campaign:
    """The campaign of that id, or the one that had it before a merge or split.

    Raises:
        UsageError: There is none; the hint names those there are.
    """
    for each in result.campaigns:
        if each.campaign_id == campaign_id:
            return each
    for each in result.campaigns:
        if campaign_id in each.previous_ids:
            return each
    known = [each.campaign_id for each in ordered(result.campaigns)]
    alike = nearest(campaign_id, known) or known[:5]
    hint = f"Campaigns of this run: {', '.join(alike)}." if alike else "This run found no campaign."
    raise UsageError(f"no campaign {campaign_id} in this run", hint=hint)


def list_command(*, run: Run, json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """List the campaigns of a run, the most pressing first.

    Parameters
    ----------
    json
        One JSON object a line, with the columns of campaigns.parquet and more.
    """
    result = read_run(run)
    if json:
        sys.stdout.write(export(result, Format.JSON))
        return int(ExitCode.DONE)
    rows = [("campaign", "kind", "accounts", "extraction", "log10 e", "an hour")]
    for each in ordered(result.campaigns):
        leak = short(each.leaking_per_hour) if each.active else "ended"
        cells = (
            each.campaign_id,
            each.kind.value,
            count(each.accounts),
            short(each.extraction_exchanges),
            number(each.evidence),
            leak,
        )
        rows.append(tuple(terminal_safe(cell) for cell in cells))  # type: ignore[arg-type]
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    for row in rows:
        left = [row[at].ljust(widths[at]) for at in (0, 1)]
        right = [row[at].rjust(widths[at]) for at in range(2, 6)]
        print("  ".join(left + right))
    return int(ExitCode.DONE)


def show_command(
    campaign: str, /, *, run: Run, json: Annotated[bool, Parameter(name="--json", negative="")] = False
) -> int:
    """Show one campaign: counts, evidence with innocent causes, links, effects of actions.

    Parameters
    ----------
    campaign
        Id of the campaign, a former one too.
    json
        All that the run knows about it, as one JSON object without prompt text.
    """
    found = pick(read_run(run), campaign)
    if json:
        sys.stdout.write(msgspec.json.encode(without_text(found)).decode() + "\n")
    else:
        sys.stdout.write(campaign_text(found))
    return int(ExitCode.DONE)


def export_command(
    *campaign: str,
    run: Run,
    form: Annotated[Format, Parameter(name="--format")],
    out: Path | None = None,
    producer: str = "Stillwatch user",
) -> int:
    """Write campaigns for other tools. No prompt text leaves; STIX names no account either.

    Parameters
    ----------
    campaign
        Ids of campaigns; all of the run where none is given.
    form
        stix: a STIX 2.1 bundle for other providers. ocsf: Detection Findings, JSON Lines. ecs: alerts, JSON Lines.
        csv: a table. json: JSON Lines.
    out
        Write to this file instead of stdout.
    producer
        Name of the identity that tells it, in STIX.
    """
    result = read_run(run)
    chosen = [pick(result, name) for name in dict.fromkeys(campaign)] or None
    text = export(result, form, campaigns=chosen, producer=producer)
    if out is None:
        sys.stdout.write(text)
        return int(ExitCode.DONE)
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {out}: {reason}", hint="Name another file with --out.") from error
    return int(ExitCode.DONE)
