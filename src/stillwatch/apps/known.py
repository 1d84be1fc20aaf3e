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
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.detect.log import Codes, Log
from stillwatch.errors import ConfigurationError

_PATTERN = re.compile(r"\[(?:ipv4|ipv6)-addr:value\s*(?:=|ISSUBSET)\s*'([^']+)'\]")
_KINDS = ("address", "payment", "client", "mail domain", "account")


def _rows(path: Path) -> list[dict[str, object]]:
    """Rows of a JSON list, JSON Lines, CSV or STIX file."""
    try:
        raw = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot read {path.name}: {error}", hint="give a UTF-8 JSON, JSON Lines or CSV file"
        ) from error
    try:
        if raw.lstrip().startswith("["):
            return msgspec.json.decode(raw, type=list[dict[str, object]])
        first = raw.lstrip().split("\n", 1)[0]
        if raw.lstrip().startswith("{") and '"type"' in raw and '"bundle"' in raw:
            return _stix(msgspec.json.decode(raw, type=dict[str, object]))
        if first.startswith("{"):
            return [msgspec.json.decode(line, type=dict[str, object]) for line in raw.splitlines() if line.strip()]
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"{path.name} is no valid JSON: {error}", hint="see docs/how-to/labels-and-indicators.md"
        ) from error
    return [dict(row) for row in csv.DictReader(io.StringIO(raw))]


def _stix(bundle: dict[str, object]) -> list[dict[str, object]]:
    objects = bundle.get("objects")
    rows: list[dict[str, object]] = []
    for item in objects if isinstance(objects, list) else []:
        if not isinstance(item, dict) or item.get("type") != "indicator" or item.get("revoked"):
            continue
        source = str(item.get("created_by_ref", item.get("id", "")))
        found = _PATTERN.findall(str(item.get("pattern", "")))
        rows.extend({"kind": "address", "value": value, "source": source} for value in found)
    return rows


def _text(row: dict[str, object], field: str, path: Path, number: int) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"{path.name}, row {number}: expected a text in {field!r}, found {value!r}",
            hint="see docs/how-to/labels-and-indicators.md for the columns",
        )
    return value


def read_labels(path: Path) -> dict[str, str]:
    """Accounts that an analyst has cleared, with who did and when.

    Raises:
        ConfigurationError: with file, row and field.
    """
    out: dict[str, str] = {}
    for number, row in enumerate(_rows(path), start=1):
        account, label = _text(row, "account_id", path, number), _text(row, "label", path, number)
        if label not in {"legitimate", "malicious"}:
            raise ConfigurationError(
                f"{path.name}, row {number}: label {label!r} is neither 'legitimate' nor 'malicious'",
                hint="correct the label; other classes have no meaning here",
            )
        if label == "legitimate":
            by, date = str(row.get("by") or "an analyst"), str(row.get("date") or "no date")
            out[account] = f"cleared by {by} ({date})"
    return out


def read_known(path: Path, log: Log) -> dict[str, str]:
    """Accounts of the log that match an indicator, with the indicator in words.

    Raises:
        ConfigurationError: with file, row and field.
    """
    out: dict[str, str] = {}
    ids = [str(i) for i in log.accounts.ids.to_pylist()]
    for number, row in enumerate(_rows(path), start=1):
        kind, value = _text(row, "kind", path, number), _text(row, "value", path, number)
        if kind not in _KINDS:
            raise ConfigurationError(
                f"{path.name}, row {number}: unknown kind {kind!r}", hint=f"use one of: {', '.join(_KINDS)}"
            )
        for account in _matches(log, kind, value, ids, path, number):
            out.setdefault(ids[account], f"{kind} {value} (reported by {row.get('source') or 'unknown'})")
    return out


def _matches(log: Log, kind: str, value: str, ids: list[str], path: Path, number: int) -> list[int]:
    if kind == "account":
        return [ids.index(value)] if value in ids else []
    if kind == "address":
        return _at_address(log, value, path, number)
    per_account = {"payment": log.accounts.payment, "mail domain": log.accounts.email_domain}
    if kind in per_account:
        return [int(a) for a in np.flatnonzero(_equal(per_account[kind], value))]
    return [int(a) for a in np.unique(log.account[_equal(log.client, value)])]


def _equal(codes: Codes, value: str) -> np.ndarray:
    hits = np.array([str(v) == value for v in codes.values.to_pylist()] + [False])
    return hits[codes.codes]


def _at_address(log: Log, value: str, path: Path, number: int) -> list[int]:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ConfigurationError(
            f"{path.name}, row {number}: {value!r} is no address or network",
            hint="write it as 192.0.2.1 or 2001:db8::/48",
        ) from error
    hits = []
    for text in log.ip.values.to_pylist():
        try:
            address = ipaddress.ip_address(str(text))
        except ValueError:
            hits.append(False)
            continue
        hits.append(address.version == network.version and address in network)
    return [int(a) for a in np.unique(log.account[np.array([*hits, False])[log.ip.codes]])]
