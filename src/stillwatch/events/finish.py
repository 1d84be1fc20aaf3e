"""The last step of every ingested exchange, the same for all formats: address, text, pseudonyms.

Adapters hand over what the source wrote. Here an address takes its one spelling or is emptied, text that is no
valid Unicode is mended, text is dropped where it must not be kept, and pseudonyms are put in. What was mended is
named, so that the ingest can count it: a bad address or byte must not cost the exchange, or an attacker could
hide by sending one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from stillwatch.events.adapters.fields import well_formed
from stillwatch.events.model import EXCHANGES, TEXT_COLUMNS, Exchange
from stillwatch.events.pseudonym import Pseudonymiser, parse_address

BAD_ADDRESS = "ip: malformed address, left empty"
BAD_TEXT = "text: not valid Unicode, replaced"

_TEXTS = tuple(column.name for column in EXCHANGES if column.sql == "VARCHAR")


class Finished(NamedTuple):
    """An exchange as it is written, and what was mended in it."""

    exchange: Exchange
    repairs: tuple[str, ...]


def finish(exchange: Exchange, *, pseudonymiser: Pseudonymiser | None, keep_text: bool) -> Finished:
    """Bring one exchange into its final form.

    Args:
        exchange: As the adapter handed it over.
        pseudonymiser: Replaces address, account and conversation; None leaves them.
        keep_text: False empties prompt, system prompt and response. Hashes were made before and stay.
    """
    changes: dict[str, Any] = {}
    repairs: list[str] = []
    if not keep_text:
        changes |= dict.fromkeys(TEXT_COLUMNS, None)
    mended = {
        name: fixed
        for name in _TEXTS
        if name not in changes
        and (value := getattr(exchange, name)) is not None
        and (fixed := well_formed(value)) != value
    }
    if mended:
        changes |= mended
        repairs.append(BAD_TEXT)
    if exchange.ip is not None:
        try:
            address = str(parse_address(exchange.ip))
            changes["ip"] = pseudonymiser.address(address) if pseudonymiser else address
        except ValueError:
            changes["ip"] = None
            repairs.append(BAD_ADDRESS)
    if pseudonymiser is not None:
        changes["account_id"] = pseudonymiser.account(exchange.account_id)
        if exchange.conversation_id is not None:
            changes["conversation_id"] = pseudonymiser.conversation(exchange.conversation_id)
    return Finished(msgspec.structs.replace(exchange, **changes) if changes else exchange, tuple(repairs))
