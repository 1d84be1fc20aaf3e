r"""Text from a log made safe to look at.

A prompt, a user agent or an account name is written by strangers. Sent to a terminal as it is, it can move the cursor,
change the window's title or, with a bidirectional override, show something other than what it says. Here every
character that acts instead of showing is written out as an escape, such as ``\x1b`` or ``\u202e``, so that the reader sees
that it is there. Source: Unicode Technical Report 36 (security considerations), ECMA-48 (control functions).

This is no HTML escaping: templates escape markup themselves.
"""

from __future__ import annotations

import re

_ACTING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, delete, C1: cursor, colours, window title
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible marks and fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors, annotation
    "\ud800-\udfff"  # lone surrogates: no UTF-8 stream can carry them
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # invisible musical marks, tags
    "]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def terminal_safe(text: str, *, keep: str = "") -> str:
    r"""Write out every character that would act on a terminal or a reader instead of being shown.

    Args:
        text: Any text, however hostile.
        keep: Characters left as they are; ``"\n\t"`` for text of several lines.

    Returns:
        Text without control characters, escape sequences, bidirectional controls or invisible characters, except those kept.
    """
    return _ACTING.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters, the last one an ellipsis where something is gone."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"
