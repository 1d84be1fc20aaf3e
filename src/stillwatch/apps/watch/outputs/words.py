"""Changes in a few words, for people: nothing in them acts on a terminal, a chat or a mail reader.

Account names come from strangers. Here they are cut short, control characters are written out, and what chats take for
markup, links or calls to everybody is replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from stillwatch._internal.text import shorten, terminal_safe
from stillwatch.apps.watch.outputs.protocol import Message

LONGEST = 80
MOST = 12
"""Changes that one text tells singly; the rest are counted."""
_MARKUP = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "(at)", "[": "(", "]": ")", "`": "'", "*": "∗", "_": "‗", "~": "∼", "|": "¦", "#": "＃",
})  # fmt: skip
_TITLES = {
    "campaign.found": "Campaign found",
    "campaign.changed": "Campaign changed",
    "campaign.merged": "Campaign merged",
    "campaign.withdrawn": "Campaign withdrawn",
    "account.flagged": "Account flagged",
    "account.released": "Account released",
}


def plain(text: object) -> str:
    """A stranger's text, made safe to look at in mail and on terminals."""
    return shorten(terminal_safe(str(text)), LONGEST)


def for_chat(text: str) -> str:
    """Text without anything that chats take for markup or a call."""
    return text.translate(_MARKUP).replace("://", ":⁄⁄")


def told(messages: Sequence[Message]) -> list[str]:
    """The messages in a line each; campaigns first, many accounts as a number."""
    changes: list[dict[str, Any]] = [msgspec.json.decode(each.body) for each in messages]
    campaigns = [each for each in changes if each["type"].startswith("campaign.")]
    accounts = [each for each in changes if not each["type"].startswith("campaign.")]
    lines = [_campaign(each) for each in campaigns[:MOST]]
    if len(campaigns) > MOST:
        lines.append(f"and {len(campaigns) - MOST} more changes of campaigns")
    if len(accounts) <= MOST:
        return lines + [_account(each) for each in accounts]
    counts = Counter((each["type"], each["data"].get("campaign_id")) for each in accounts)
    return lines + [f"{_title(kind)}: {count} in {plain(name)}" for (kind, name), count in counts.most_common(MOST)]


def _title(kind: str) -> str:
    return _TITLES.get(kind, plain(kind))


def _campaign(change: dict[str, Any]) -> str:
    data = change["data"]
    parts = [f"{_title(change['type'])}: {plain(data['campaign_id'])} ({plain(data['kind'])})"]
    parts.append(f"{data['accounts']} accounts")
    if "extraction_exchanges" in data:
        parts.append(f"about {data['extraction_exchanges']:.0f} extraction exchanges")
    if "into" in data:
        parts.append(f"now {plain(data['into'])}")
    if change["type"] != "campaign.found":
        parts += [plain(reason) for reason in data.get("reasons", [])]
    return ", ".join(parts)


def _account(change: dict[str, Any]) -> str:
    data = change["data"]
    reasons = "; ".join(plain(reason) for reason in data.get("reasons", [])[:3])
    return f"{_title(change['type'])}: {plain(data['account_id'])}, {plain(data['campaign_id'])}: {reasons}"
