"""A finished run as a folder: ``verdicts.parquet``, ``campaigns.parquet``, ``run.json`` and ``report.html``.

Everything is written to a folder beside the target first and moved into place at the end, so that a killed run or
a full disk leaves the earlier output as it was. Columns and types of both tables are the contract's; ``verdicts.parquet``
has two more columns, ``why`` and ``nearest_set``.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch._internal.exchange import exchange
from stillwatch.campaigns.model import Campaign, HuntResult, Verdict
from stillwatch.errors import InputError, OutputError, UsageError

RUN = "run.json"
VERDICTS = "verdicts.parquet"
CAMPAIGNS = "campaigns.parquet"
REPORT = "report.html"
OURS = (VERDICTS, CAMPAIGNS, REPORT, RUN)


def verdict_schema() -> pa.Schema:
    """Columns of ``verdicts.parquet``."""
    return pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("flagged", pa.bool_(), nullable=False),
            pa.field("kind", pa.string()),
            pa.field("decision", pa.string(), nullable=False),
            pa.field("campaign_id", pa.string()),
            pa.field("flagged_at", pa.timestamp("us", tz="UTC")),
            pa.field("exchanges", pa.int64(), nullable=False),
            pa.field("extraction_exchanges", pa.float64(), nullable=False),
            pa.field("reasons", pa.list_(pa.string()), nullable=False),
            pa.field("innocent", pa.string()),
            pa.field("why", pa.string()),
            pa.field("nearest_set", pa.string()),
        ]
    )


def campaign_schema() -> pa.Schema:
    """Columns of ``campaigns.parquet``."""
    moment = pa.timestamp("us", tz="UTC")
    parts = pa.list_(pa.struct([("name", pa.string()), ("share", pa.float64())]))
    infrastructure = pa.struct([("kind", pa.string()), ("value", pa.string()), ("accounts", pa.int64())])
    links = pa.struct([("kind", pa.string()), ("accounts", pa.int64())])
    return pa.schema(
        [
            pa.field("campaign_id", pa.string(), nullable=False),
            pa.field("previous_ids", pa.list_(pa.string())),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("rides_on", pa.string()),
            pa.field("accounts", pa.int64(), nullable=False),
            pa.field("exchanges", pa.int64(), nullable=False),
            pa.field("extraction_exchanges", pa.float64(), nullable=False),
            pa.field("extraction_exchanges_low", pa.float64(), nullable=False),
            pa.field("extraction_exchanges_high", pa.float64(), nullable=False),
            pa.field("first_seen", moment, nullable=False),
            pa.field("last_seen", moment, nullable=False),
            pa.field("flagged_at", moment, nullable=False),
            pa.field("active", pa.bool_(), nullable=False),
            pa.field("capabilities", parts),
            pa.field("elicitation", parts),
            pa.field("models", parts),
            pa.field("infrastructure", pa.list_(infrastructure)),
            pa.field("links", pa.list_(links)),
            pa.field("evidence", pa.float64(), nullable=False),
            pa.field("guarantee", pa.string(), nullable=False),
            pa.field("alternatives", pa.list_(pa.string())),
            pa.field("summary", pa.string(), nullable=False),
        ]
    )


def _plain(value: object) -> object:
    """A value as Arrow takes it: structs as mappings, enums as text, tuples as lists, broken text mended."""
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    return value


def _column(rows: tuple[Verdict, ...] | tuple[Campaign, ...], field: pa.Field) -> pa.Array:
    if not pa.types.is_nested(field.type):
        bare = [getattr(row, field.name) for row in rows]
        try:
            return pa.array(bare, type=field.type)
        except UnicodeEncodeError:  # a lone surrogate; mended below, at the price of time
            pass
    values = [_plain(getattr(row, field.name)) for row in rows]
    if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
        names = [part.name for part in field.type.value_type]
        values = [[{name: item[name] for name in names} for item in row] for row in values]  # type: ignore[attr-defined]
    return pa.array(values, type=field.type)


def _table(rows: tuple[Verdict, ...] | tuple[Campaign, ...], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays([_column(rows, field) for field in schema], schema=schema)


def verdict_table(verdicts: tuple[Verdict, ...]) -> pa.Table:
    """Verdicts as the contract's table."""
    return _table(verdicts, verdict_schema())


def campaign_table(campaigns: tuple[Campaign, ...]) -> pa.Table:
    """Campaigns as the contract's table."""
    return _table(campaigns, campaign_schema())


def _finite(value: object) -> object:
    """Not-a-number and infinities as text, which JSON can carry and :func:`read_run` takes back."""
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, str):
        return _plain(value)
    return value


def run_json(result: HuntResult) -> bytes:
    """``result`` without its verdicts, as indented JSON."""
    bare = msgspec.structs.replace(result, verdicts=())
    plain = msgspec.to_builtins(bare, order=None)
    return msgspec.json.format(msgspec.json.encode(_finite(_listed(plain))), indent=1)


def _listed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return value


def prepare_out(out: Path) -> None:
    """Find out before the work, not after it, whether ``out`` can be written.

    Raises:
        OutputError: ``out`` is a file, or the folder it stands in cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; a run is written to a folder", hint="Name another folder with --out.")
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.absolute().parent):
            pass
    except OSError as error:
        raise _failed(out, error) from error


def _failed(out: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"cannot write the run to {out}: {reason}",
        hint="Nothing was changed there. Free space or name another folder with --out, then run again.",
    )


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_run(result: HuntResult, out: Path, *, report_html: str) -> None:
    """Write ``result`` to the folder ``out``, all of it or nothing.

    Args:
        result: What the hunt found.
        out: The run folder; made where it is missing, its four files replaced where it is there.
        report_html: The finished report.

    Raises:
        OutputError: Something could not be written; an earlier run in ``out`` is still there, whole.
    """
    prepare_out(out)
    out = out.absolute()
    partial: Path | None = None
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
        pq.write_table(verdict_table(result.verdicts), partial / VERDICTS, compression="zstd")
        pq.write_table(campaign_table(result.campaigns), partial / CAMPAIGNS, compression="zstd")
        (partial / REPORT).write_text(report_html, encoding="utf-8", errors="replace")
        (partial / RUN).write_bytes(run_json(result))
        for name in OURS:
            _sync(partial / name)
        _move(partial, out)
    except OSError as error:
        raise _failed(out, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _move(partial: Path, out: Path) -> None:
    """Move a complete folder into place in one step; what else lay in ``out`` stays there.

    Where the file system cannot let two folders change places, the earlier run steps aside first: a kill between those
    two steps leaves it beside, under a hidden name, and nothing is lost.
    """
    if not out.exists():
        partial.chmod(0o777 & ~_umask())
        partial.rename(out)
        return
    partial.chmod(out.stat().st_mode & 0o7777)
    try:
        exchange(partial, out)
        earlier = partial
    except OSError as error:
        if error.errno not in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:
            raise
        earlier = partial.with_name(f"{partial.name}-earlier")
        out.rename(earlier)
        try:
            partial.rename(out)
        except OSError:
            earlier.rename(out)
            raise
    for other in [each for each in earlier.iterdir() if each.name not in OURS]:
        other.rename(out / other.name)
    shutil.rmtree(earlier, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _verdict(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "why": row.get("why") or "", "reasons": row.get("reasons") or []}


def read_run(path: Path) -> HuntResult:
    """Read a run folder back.

    Raises:
        UsageError: ``path`` is no run folder.
        InputError: a file of it is damaged or of another version.
    """
    if not (path / RUN).is_file():
        raise UsageError(
            f"{path} is no run folder: it has no {RUN}", hint="Make one with: stillwatch hunt EXCHANGES --out DIR"
        )
    try:
        bare = msgspec.json.decode((path / RUN).read_bytes())
        rows = pq.read_table(path / VERDICTS).to_pylist()
        verdicts = msgspec.convert([_verdict(row) for row in rows], type=tuple[Verdict, ...])
        result = msgspec.convert(bare, type=HuntResult, strict=False)
    except (OSError, msgspec.MsgspecError, pa.ArrowException) as error:
        raise InputError(
            f"the run in {path} cannot be read: {error}", hint="Run the hunt again into a new folder."
        ) from error
    return msgspec.structs.replace(result, verdicts=verdicts)
