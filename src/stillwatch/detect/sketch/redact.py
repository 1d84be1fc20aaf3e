"""Make an example of a prompt fit to be shown: particulars masked, cut short, no characters that act on a display.

This protects bystanders who turn up in examples, and the reader's terminal. It is no anonymisation: a sentence can
identify its writer without a single masked word.
"""

from __future__ import annotations

import re
import unicodedata

_READ = 2000
_DROPPED = {"Cc", "Cf", "Co", "Cn"}
_BREAKING = {"Zl", "Zp"}

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
_LINK = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,12}://)[^\s/?#]{1,300}[^\s]{0,2000}")
_BARE_HOST = re.compile(r"\bwww\.\S{1,300}")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,40}")
_SECRET_WORD = re.compile(
    r"(?i)\b((?:api[_ -]?key|token|secret|password|passwd|pwd|bearer|authorization)\b\s*(?:[:=]|is)?\s*)[^\s,;]{4,500}"
)
_LONG_TOKEN = re.compile(r"(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{16,}|[A-Za-z0-9+/_-]{32,}={0,2}")
_NUMBER = re.compile(r"\d(?:[ .,/-]?\d){3,}")
_QUOTED_NAME = re.compile(
    r"([\"'“‘«„「])(?:[A-Z\u00c0-\u00de\u0410-\u042f][\w.'’-]{0,30})(?: [A-Z\u00c0-\u00de\u0410-\u042f][\w.'’-]{0,30}){0,3}([\"'”’»“」])"
)
_SPACES = re.compile(r"\s+")


def redact(text: str, keep: int = 60) -> str:
    """Mask and shorten one text for display.

    E-mail addresses, links (all but the scheme), network addresses, secrets, long tokens, numbers of four digits and
    more and quoted names become words in square brackets. Control, format and private characters, which includes the
    bidirectional overrides, are dropped; any white space becomes one space. Masks come before the cut, so a cut never
    uncovers anything.

    Args:
        text: what a customer sent; only the first 2,000 characters are read.
        keep: longest result, in characters, the ellipsis included.

    Returns:
        Plain text on one line. Markup in it is still markup: whoever renders it must escape it.
    """
    clean = _plain(text[:_READ])
    if len(text) > _READ:
        # A token that the reading limit cuts in two might be too short to be recognised: drop it.
        clean = clean.rsplit(" ", 1)[0] if " " in clean else ""
    clean = _LINK.sub(r"\1[link]", clean)
    clean = _BARE_HOST.sub("[link]", clean)
    clean = _EMAIL.sub("[e-mail]", clean)
    clean = _ADDRESS.sub("[address]", clean)
    clean = _SECRET_WORD.sub(r"\1[secret]", clean)
    clean = _LONG_TOKEN.sub("[secret]", clean)
    clean = _NUMBER.sub("[number]", clean)
    clean = _QUOTED_NAME.sub(r"\1[name]\2", clean)
    if len(clean) <= keep:
        return clean
    return clean[: max(keep - 1, 0)].rstrip() + "…" if keep > 0 else ""


def _plain(text: str) -> str:
    """One line without characters that act instead of show."""
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    kept = []
    for character in text:
        kind = unicodedata.category(character)
        if character.isspace() or kind in _BREAKING:
            kept.append(" ")
        elif kind == "Cs":
            kept.append("\ufffd")
        elif kind not in _DROPPED:
            kept.append(character)
    return _SPACES.sub(" ", "".join(kept)).strip()
