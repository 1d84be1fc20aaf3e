"""Words in files of any packing, and streams that are read twice."""

from __future__ import annotations

import gzip
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.events import raw_records
from stillwatch.events.sources import Rewindable, mentions

WORD = re.compile(rb"gen_ai\.choice")


@pytest.mark.parametrize("packed", [bytes, gzip.compress, lambda text: pa.compress(text, "zstd", asbytes=True)])
@pytest.mark.parametrize(
    ("text", "found"), [(b"x" * 100 + b"gen_ai.choice", True), (b"gen_ai.choic" * 50, False), (b"", False)]
)
def test_words_are_found_in_the_unpacked_text(tmp_path, monkeypatch, packed, text, found):
    monkeypatch.setattr(raw_records, "CHUNK", 7)  # so that every word lies across a border
    (tmp_path / "f").write_bytes(packed(text))
    assert mentions(tmp_path / "f", WORD) is found


def test_parquet_may_hold_anything_and_broken_files_hold_what_can_be_read(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "p")
    assert mentions(tmp_path / "p", WORD)
    (tmp_path / "g").write_bytes(gzip.compress(b"gen_ai.choice" * 1000)[:-9])
    mentions(tmp_path / "g", WORD)
    assert not mentions(tmp_path / "missing", WORD)


@pytest.mark.parametrize("sizes", [(4, 3, 2), (100,), (1, 1, 1)])
def test_a_stream_is_read_again_from_its_beginning(sizes, tmp_path):
    text = bytes(range(256))
    stream = Rewindable(io.BytesIO(text))
    assert b"".join(stream.read(size) for size in sizes) == text[: sum(sizes)]
    stream.rewind()
    assert (begin := stream.read(2)) == text[:2]
    stream.pour(tmp_path / "poured", lambda _size: None)
    assert begin + (tmp_path / "poured").read_bytes() == text
    assert (tmp_path / "poured").stat().st_mode & 0o077 == 0


def test_all_of_a_stream_at_once_after_rewinding():
    stream = Rewindable(io.BytesIO(b"abcdef"))
    stream.read(3)
    stream.rewind()
    assert stream.read() == b"abcdef"
