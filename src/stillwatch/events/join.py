"""Records that complete those of a log: CloudTrail events for addresses, batch request lines for prompts.

They are held in memory while the log is read: about 0.3 kB for a CloudTrail event of Bedrock, the whole request
for a batch line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from stillwatch.errors import InputError
from stillwatch.events.adapters.bedrock import cloudtrail_callers
from stillwatch.events.adapters.fields import parsed
from stillwatch.events.adapters.protocol import Caller, Record
from stillwatch.events.raw_records import SourceBroken, read_file

if TYPE_CHECKING:
    from pathlib import Path


class Joined(NamedTuple):
    """What the joined files hold: callers by request id, request bodies by ``custom_id``."""

    callers: Mapping[str, Caller]
    requests: Mapping[str, Record]


def read_join(paths: Iterable[Path]) -> Joined:
    """Read the files of ``--join``, each a file or a folder.

    Raises:
        InputError: A file is not there, is broken, or holds neither of the two.
    """
    callers: dict[str, Caller] = {}
    requests: dict[str, Record] = {}
    for path in paths:
        before = len(callers) + len(requests)
        for file in sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]:
            try:
                for record in read_file(file):
                    if record.value is not None:
                        _take(record.value, callers, requests)
            except SourceBroken as error:
                raise InputError(f"Cannot join {file}: {error}.", hint="Mend or leave out the file.") from error
        if len(callers) + len(requests) == before:
            raise InputError(
                f"Cannot join {path}: neither CloudTrail events of Bedrock nor batch request lines.",
                hint="--join takes CloudTrail files, or the input files of OpenAI or Anthropic batches.",
            )
    return Joined(callers, requests)


def _take(record: Record, callers: dict[str, Caller], requests: dict[str, Record]) -> None:
    for request_id, caller in cloudtrail_callers(record).items():
        # Few addresses and agents stand in many events.
        callers[request_id] = Caller(*(intern(text) if text is not None else None for text in caller))
    lines = record.get("requests")
    for line in lines if isinstance(lines, list | tuple) else (record,):
        if not isinstance(line, Mapping):
            continue
        custom_id, body = line.get("custom_id"), parsed(line.get("body", line.get("params")))
        if isinstance(custom_id, str) and isinstance(body, Mapping):
            requests[custom_id] = body
