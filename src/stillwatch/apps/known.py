"""Labels of analysts and indicators of others, as files.

Labels: rows with ``account_id``, ``label`` (``legitimate`` or ``malicious``), ``by`` and ``date``; JSON Lines, a JSON list
or CSV. Legitimate accounts are never flagged, and the report says who cleared them. Indicators: rows with ``kind``
(``address``, ``payment``, ``client``, ``mail domain``, ``account``), ``value`` and ``source``, or a STIX 2.1 bundle, of
which the equality patterns of addresses are read. A match is shown and never convicts: reports can be wrong or poisoned.
"""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from stillwatch._internal.times import moment
from stillwatch.detect.log import NONE, Codes, Ints, Log
from stillwatch.errors import ConfigurationError

_COMPARISON = re.compile(r"(?:ipv4|ipv6)-addr:value\s*(?:=|ISSUBSET)\s*'([^']+)'")
_ALTERNATIVES = re.compile(r"(?:[\s()\[\]]|OR)*")
_KINDS = ("address", "payment", "client", "mail domain", "account")
_SEE = "see docs/how-to/labels-and-indicators.md for the columns"
_T = TypeVar("_T")
Row = tuple[int, dict[str, object]]


def _rows(path: Path, first: datetime | None = None) -> list[Row]:
    """Numbered rows of a JSON list, JSON Lines (by line), CSV (after the header) or STIX file (by object)."""
    try:
        raw = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot read {path.name}: {error}", hint="give a UTF-8 JSON, JSON Lines or CSV file"
        ) from error
    text = raw.lstrip()
    if text.startswith("["):
        return list(enumerate(_json(text, list[dict[str, object]], path), start=1))
    if text.startswith("{") and '"bundle"' in raw and (bundle := _bundle(text)) is not None:
        return _stix(bundle, first)
    if text.startswith("{"):
        lines = ((number, line) for number, line in enumerate(raw.split("\n"), start=1) if line.strip())
        return [(number, _json(line, dict[str, object], path, number)) for number, line in lines]
    try:
        return list(enumerate((dict(row) for row in csv.DictReader(io.StringIO(raw))), start=1))
    except csv.Error as error:
        raise ConfigurationError(f"{path.name}: no valid CSV: {error}", hint=_SEE) from error


def _bundle(text: str) -> dict[str, object] | None:
    """The file as one STIX bundle; None where it is none, as rows that merely mention a bundle are."""
    try:
        whole = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return whole if whole.get("type") == "bundle" else None


def _json(text: str, kind: type[_T], path: Path, number: int | None = None) -> _T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        where = path.name if number is None else f"{path.name}, row {number}"
        raise ConfigurationError(f"{where}: no valid JSON: {error}", hint=_SEE) from error


def _stix(bundle: dict[str, object], first: datetime | None) -> list[Row]:
    """Addresses of the indicators that are not revoked; a pattern is read where it is comparisons joined by OR."""
    objects = bundle.get("objects")
    rows: list[Row] = []
    for number, item in enumerate(objects if isinstance(objects, list) else [], start=1):
        if not isinstance(item, dict) or item.get("type") != "indicator" or item.get("revoked"):
            continue
        if _past(item.get("valid_until"), first):
            continue
        source = str(item.get("created_by_ref", item.get("id", "")))
        pattern = str(item.get("pattern", ""))
        if _ALTERNATIVES.fullmatch(_COMPARISON.sub("", pattern)):
            found = _COMPARISON.findall(pattern)
            rows.extend((number, {"kind": "address", "value": value, "source": source}) for value in found)
    return rows


def _past(until: object, first: datetime | None) -> bool:
    """Had an indicator lapsed before the log began?"""
    try:
        return first is not None and datetime.fromisoformat(str(until)) < first
    except (ValueError, TypeError):
        return False


def _text(row: dict[str, object], field: str, path: Path, number: int) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"{path.name}, row {number}: expected a text in {field!r}, found {value!r}",
            hint=_SEE,
        )
    return value


@dataclass(frozen=True)
class Labels:
    """Accounts by what analysts said of them, with who said it and when."""

    legitimate: dict[str, str]
    malicious: dict[str, str]


def read_labels(path: Path) -> Labels:
    """Labels of analysts: the cleared are never flagged, the accused are shown as such and never flagged for it.

    Raises:
        ConfigurationError: with file, row and field.
    """
    cleared: dict[str, str] = {}
    accused: dict[str, str] = {}
    for number, row in _rows(path):
        account, label = _text(row, "account_id", path, number), _text(row, "label", path, number)
        by, date = str(row.get("by") or "an analyst"), str(row.get("date") or "no date")
        if label == "legitimate":
            cleared[account] = f"cleared by {by} ({date})"
        elif label == "malicious":
            accused[account] = f"called malicious by {by} ({date})"
        else:
            raise ConfigurationError(
                f"{path.name}, row {number}: label {label!r} is neither 'legitimate' nor 'malicious'",
                hint="correct the label; other classes have no meaning here",
            )
    return Labels(cleared, accused)


def read_known(path: Path, log: Log) -> dict[str, str]:
    """Accounts of the log that match an indicator, with the indicator in words.

    Raises:
        ConfigurationError: with file, row and field.
    """
    out: dict[str, str] = {}
    ids = [str(i) for i in log.accounts.ids.to_pylist()]
    seen = _Seen(log, ids)
    began = moment(int(log.ts[0])) if len(log) else None
    for number, row in _rows(path, began):
        kind, value = _text(row, "kind", path, number), _text(row, "value", path, number)
        if kind not in _KINDS:
            raise ConfigurationError(
                f"{path.name}, row {number}: expected one of {', '.join(_KINDS)} in 'kind', found {kind!r}", hint=_SEE
            )
        try:
            accounts = seen.accounts(kind, value)
        except ValueError as error:
            raise ConfigurationError(
                f"{path.name}, row {number}: expected an address or network in 'value', found {value!r}",
                hint="write it as 192.0.2.1 or 2001:db8::/48",
            ) from error
        for account in accounts:
            out.setdefault(ids[account], f"{kind} {value} (reported by {row.get('source') or 'unknown'})")
    return out


class _Column:
    """Which accounts showed which value of one column; read once, asked for every indicator."""

    def __init__(self, codes: Codes, account: Ints) -> None:
        known = codes.codes != NONE
        width = int(account.max(initial=0)) + 1
        pairs = np.unique(codes.codes[known] * width + account[known])
        self._code, self._account = pairs // width, pairs % width
        self.values = [str(value) for value in codes.values.to_pylist()]
        self._place = {value: code for code, value in enumerate(self.values)}

    def equal(self, value: str) -> list[int]:
        code = self._place.get(value)
        return [] if code is None else self.of(code)

    def of(self, code: int) -> list[int]:
        begin, end = np.searchsorted(self._code, [code, code + 1])
        return [int(account) for account in self._account[begin:end]]


class _Seen:
    """The log as indicators ask for it: columns are read at the first question, a network is a range of addresses."""

    def __init__(self, log: Log, ids: Iterable[str]) -> None:
        self._log = log
        self._columns: dict[str, _Column] = {}
        self._ids = {name: account for account, name in enumerate(ids)}
        self._ordered: dict[int, tuple[list[int], list[int]]] = {}

    def accounts(self, kind: str, value: str) -> list[int]:
        """Accounts that match one indicator.

        Raises:
            ValueError: an address that is none.
        """
        if kind == "account":
            return [self._ids[value]] if value in self._ids else []
        if kind == "address":
            return self._inside(_network(value))
        return self._column(kind).equal(value)

    def _column(self, kind: str) -> _Column:
        if kind not in self._columns:
            log, every = self._log, np.arange(len(self._log.accounts))
            self._columns[kind] = {
                "payment": lambda: _Column(log.accounts.payment, every),
                "mail domain": lambda: _Column(log.accounts.email_domain, every),
                "client": lambda: _Column(log.client, log.account),
                "address": lambda: _Column(log.ip, log.account),
            }[kind]()
        return self._columns[kind]

    def _inside(self, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> list[int]:
        column = self._column("address")
        if not self._ordered:
            self._ordered = _ordered(column.values)
        numbers, codes = self._ordered[network.version]
        begin = bisect_left(numbers, int(network.network_address))
        end = bisect_right(numbers, int(network.broadcast_address))
        return sorted({account for code in codes[begin:end] for account in column.of(code)})


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network or address; IPv4 written as IPv6 is IPv4, as where addresses link."""
    network = ipaddress.ip_network(text.strip(), strict=False)
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return network if mapped is None else ipaddress.ip_network((mapped, network.prefixlen - 96))


def _ordered(texts: list[str]) -> dict[int, tuple[list[int], list[int]]]:
    """Addresses as numbers in ascending order with their codes, by version; what is no address is left out."""
    found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for code, text in enumerate(texts):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        address = getattr(address, "ipv4_mapped", None) or address
        found[address.version].append((int(address), code))
    return {
        version: ([number for number, _ in sorted(pairs)], [code for _, code in sorted(pairs)])
        for version, pairs in found.items()
    }
