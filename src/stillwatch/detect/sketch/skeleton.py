"""What of a text survives when its particulars are taken out, and keyed hashes that stand for texts.

Three readings of "the same prompt": equal after `normalise` (case, width, spaces), equal `skeletons` (digits, quotes,
links, code and names masked; first 12 tokens), and near-duplicate skeletons (MinHash; Broder 1997, by ``rensa``).
Whatever is stored is the hash, not the text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import rensa
import scipy.sparse as sp
import xxhash
from scipy.sparse.csgraph import connected_components

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

SKELETON_TOKENS = 12
SKELETON_CHARACTERS = 400
MAX_REPRESENTATIVES = 500_000

_SPACES = re.compile(r"\s+")
_CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]{1,200}`", re.DOTALL)
_QUOTED = re.compile(r'"[^"\n]{1,200}"|“[^”]{1,200}”|«[^»]{1,200}»|„[^“”]{1,200}[“”]|「[^」]{1,200}」|《[^》]{1,200}》')
_LINK = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,12}://\S+|\bwww\.\S+|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_PAIR = re.compile(rf"([{_CJK}]{{1,2}})")
_HAS_CJK = re.compile(rf"[{_CJK}]")
_QUOTE_MARKS = re.compile('["“«„「《]')
_EDGE_MARKS = ".,;:!?()[]{}'’"
_SENTENCE_ENDS = (".", "!", "?", ":")
_MIN_NAME = 3

_PERMUTATIONS = 64
_BANDS = 16
_SHINGLE = 3


def normalise(text: str) -> str:
    """Fold what carries no meaning: width and compatibility forms (NFKC), case, runs of white space."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding case can leave forms that NFKC would join, so it runs again.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACES.sub(" ", folded).strip()


def skeletons(texts: Sequence[str]) -> list[str]:
    """Masked skeleton of each text: its first 12 tokens without particulars.

    Two texts with one skeleton were probably filled into one template, if the skeleton is rare. A text in a script
    without spaces counts pairs of characters as tokens. Short texts keep most of their words: judge by rarity.
    """
    return [_skeleton(text) for text in texts]


def _skeleton(text: str) -> str:
    head = text[:SKELETON_CHARACTERS]
    if not head.isascii():
        head = unicodedata.normalize("NFKC", head)
    if "`" in head:
        head = _CODE.sub(" <code> ", head)
    if "://" in head or "www." in head or "@" in head:
        head = _LINK.sub(" <link> ", head)
    if _QUOTE_MARKS.search(head):
        head = _QUOTED.sub(" <quote> ", head)
    if not head.isascii() and _HAS_CJK.search(head):
        head = _CJK_PAIR.sub(r" \1 ", head)
    tokens = head.split(None, 2 * SKELETON_TOKENS)[: 2 * SKELETON_TOKENS]
    return _NUMBER.sub("<n>", " ".join(_without_names(tokens)[:SKELETON_TOKENS])).casefold()


def _without_names(tokens: list[str]) -> list[str]:
    """Replace capitalised words inside sentences; keep them where capitals are the rule (titles, shouting)."""
    upper = [token[0].isupper() for token in tokens]
    capital = [big and len(token) >= _MIN_NAME for big, token in zip(upper, tokens, strict=True)]
    if not any(capital) or 2 * sum(upper) > len(tokens) + 1:
        return tokens
    masked: list[str] = []
    opening = True
    for token, is_capital in zip(tokens, capital, strict=True):
        if is_capital and not opening:
            tail = token[-1] if token[-1] in _EDGE_MARKS else ""
            if masked[-1] == "<name>":
                masked.pop()
            masked.append("<name>" + tail)
        else:
            masked.append(token)
        opening = token.endswith(_SENTENCE_ENDS)
    return masked


def keyed_hash(texts: Sequence[str], key: bytes) -> npt.NDArray[np.uint64]:
    """Pseudonym of each text under a secret key: BLAKE2b with 8 bytes of output (RFC 7693, keyed mode).

    A fast hash with a secret seed (xxh3) would not do: its output lets an attacker who can submit texts recover the
    seed and then test guesses against stored hashes. BLAKE2b is a pseudo-random function and costs under a microsecond
    here. 64 bits keep 16 million distinct texts free of collisions with probability 1 - 7e-6.

    Raises:
        ConfigurationError: when the key is shorter than 16 or longer than 64 bytes.
    """
    if not 16 <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
        raise ConfigurationError(
            f"expected a key of 16 to 64 bytes, found {len(key)}", hint="make one with: openssl rand -hex 32"
        )
    blake2b = hashlib.blake2b
    digests = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def near_duplicates(
    representatives: Sequence[str], threshold: float = 0.7, limit: int = MAX_REPRESENTATIVES
) -> npt.NDArray[np.int64]:
    """Group skeletons that are nearly the same: MinHash over word 3-shingles, banded, then checked.

    Each band's bucket is compared with its first member only, so work grows linearly even when one template fills a
    bucket. Groups are connected components: members may differ from each other by more than the threshold.

    Args:
        representatives: one text for each distinct skeleton, the most frequent first.
        threshold: estimated Jaccard similarity from which two count as near (standard error 0.06 with 64 permutations).
        limit: how many to compare; each one after them is a group of its own.

    Returns:
        Group number of each, numbered by first appearance.
    """
    count = len(representatives)
    compared = min(count, limit)
    groups = np.arange(count, dtype=np.int64)
    if compared < 2:
        return groups
    signatures = _signatures(representatives[:compared])
    left, right = _band_pairs(signatures)
    alike = np.concatenate(
        [np.zeros(0, dtype=np.bool_)]
        + [
            (signatures[left[s : s + 65_536]] == signatures[right[s : s + 65_536]]).mean(axis=1) >= threshold
            for s in range(0, len(left), 65_536)
        ]
    )
    edges = sp.csr_matrix(
        (np.ones(int(alike.sum()), dtype=np.int8), (left[alike], right[alike])), shape=(compared, compared)
    )
    parts, labels = connected_components(edges, directed=False)
    first = np.full(parts, compared, dtype=np.int64)
    np.minimum.at(first, labels, np.arange(compared))
    groups[:compared] = first[labels]
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _signatures(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """MinHash signature of each text's word 3-shingles (the whole text where it has fewer words)."""
    hashes: list[int] = []
    offsets = [0]
    digest = xxhash.xxh3_64_intdigest
    for text in texts:
        words = text.encode("utf-8", "surrogatepass").split()
        last = max(len(words) - _SHINGLE, 0)
        hashes.extend(digest(b" ".join(words[i : i + _SHINGLE])) for i in range(last + 1))
        offsets.append(len(hashes))
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        np.array(hashes, dtype=np.uint64), np.array(offsets, dtype=np.uint64), _PERMUTATIONS, 42
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def _band_pairs(signatures: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each row with the first row of its bucket, over all bands, without repeats."""
    width = _PERMUTATIONS // _BANDS
    pairs = []
    for band in range(_BANDS):
        block = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width])
        keys = block.view(np.dtype((np.void, block.itemsize * width))).ravel()
        _, first, bucket = np.unique(keys, return_index=True, return_inverse=True)
        head = first[bucket]
        member = np.flatnonzero(head != np.arange(len(head)))
        pairs.append(np.stack([head[member], member]))
    stacked = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return stacked[0], stacked[1]
