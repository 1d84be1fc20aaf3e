"""Records out of files: every packing, every kind of breakage, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events import json_split
from stillwatch.events.json_split import Piece, split_documents, split_lines
from stillwatch.events.raw_records import (
    BAD_BYTES,
    CUT_RECORD,
    ENDS_EARLY,
    NOT_AN_OBJECT,
    NOT_JSON,
    TOO_DEEP,
    TOO_LONG,
    SourceBroken,
    read_file,
    read_stream,
)

ROWS = [{"a": 1, "t": 'quote " brace } back \\'}, {"b": [{"c": "]"}]}, {"d": None}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def read(content: bytes):
    return list(read_stream(io.BytesIO(content)))


def good(content: bytes):
    return [record.value for record in read(content) if record.value is not None]


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.rstrip(b"\n"),
        b"\xef\xbb\xbf" + LINES,
        LINES.replace(b"\n", b"\r\n"),
        b"\n\n" + LINES + b"\n",
        json.dumps(ROWS).encode(),
        json.dumps(ROWS, indent=2).encode(),
        b"\n".join(json.dumps(row, indent=2).encode() for row in ROWS),
        json.dumps(ROWS[:1]).encode() + b"\n" + json.dumps(ROWS[1:]).encode(),
        gzip.compress(LINES),
        gzip.compress(LINES[:20]) + gzip.compress(LINES[20:]),
        zstd(LINES),
        zstd(json.dumps(ROWS).encode()),
    ],
    ids=[
        "lines",
        "no last line end",
        "byte order mark",
        "windows line ends",
        "blank lines",
        "array",
        "array over lines",
        "documents over lines",
        "two arrays",
        "gzip",
        "gzip of two members",
        "zstd",
        "zstd array",
    ],
)
def test_the_same_records_come_out(content):
    assert good(content) == ROWS


def test_zstd_of_two_frames():
    assert good(zstd(LINES[:20]) + zstd(LINES[20:])) == ROWS


def test_rows_are_line_numbers():
    found = read(b'{"a": 1}\n\nnope\n[1]\n{"b": 2}\n')
    assert [(record.row, record.problem) for record in found] == [(1, ""), (3, NOT_JSON), (4, NOT_AN_OBJECT), (5, "")]


def test_one_document_over_many_lines():
    assert good(json.dumps({"Records": ROWS}, indent=1).encode()) == [{"Records": ROWS}]


def test_a_broken_first_line_costs_one_line():
    found = read(b'{"a": 1, "b\n{"a": 2}\n')
    assert [record.problem for record in found] == [NOT_JSON, ""]


def test_strays_between_members_are_named():
    found = read(b'[{"a": 1}, 7, "x", {"b": 2}, null]')
    assert [record.value for record in found if record.value] == [{"a": 1}, {"b": 2}]
    assert {record.problem for record in found if not record.value} == {NOT_AN_OBJECT}


def test_an_array_that_is_cut_off_keeps_what_came_before():
    found = read(b'[{"a": 1}, {"b": 2')
    assert [(record.value, record.problem) for record in found] == [({"a": 1}, ""), (None, CUT_RECORD)]


def test_bytes_that_are_no_utf8_are_replaced_and_named():
    found = read(b'{"a": "x\xff"}\n{"a": "y"}\n')
    assert [(record.value, record.repair) for record in found] == [({"a": "x\ufffd"}, BAD_BYTES), ({"a": "y"}, "")]


def test_numbers_that_python_writes_are_read():
    assert [list(value) for value in good(b'{"a": NaN}\n{"b": 1e999}\n')] == [["a"], ["b"]]


def test_deep_nesting_is_named():
    found = read(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n{}\n")
    assert [record.problem for record in found] == [TOO_DEEP, ""]


def test_utf16_is_refused():
    with pytest.raises(SourceBroken, match="UTF-16"):
        read('{"a": 1}'.encode("utf-16"))


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_packed_file_that_ends_early_keeps_what_came_before(pack):
    # Text that packs badly, so that the cut leaves whole lines.
    rows = [{"n": n, "t": (str(n) * 7)[::-1]} for n in range(200_000)]
    packed = pack("".join(json.dumps(row) + "\n" for row in rows).encode())
    records = read_stream(io.BytesIO(packed[: len(packed) * 3 // 4]))
    found = []
    with pytest.raises(SourceBroken, match=ENDS_EARLY):
        found.extend(iter(lambda: next(records), None))
    assert 0 < len(found) < len(rows)
    assert all(not record.problem for record in found)


@pytest.mark.parametrize("head", [b"\x1f\x8b", b"\x28\xb5\x2f\xfd"], ids=["gzip", "zstd"])
def test_a_false_head_is_broken(head):
    with pytest.raises(SourceBroken):
        read(head + b"no such thing" * 10)


def test_empty_and_blank():
    assert read(b"") == []
    assert read(b" \n \n") == []


def test_ten_megabytes_in_one_line():
    prompt = "x" * 10_000_000
    assert good(json.dumps({"prompt": prompt}).encode() + b"\n" + LINES) == [{"prompt": prompt}, *ROWS]


@pytest.fixture
def short_limit(monkeypatch):
    monkeypatch.setattr(json_split, "LONGEST", 1000)


@pytest.mark.usefixtures("short_limit")
def test_records_over_the_limit_are_passed_over():
    long = json.dumps({"prompt": "y" * 5_000_000}).encode()
    assert [r.problem for r in read(b'{"a": 1}\n' + long + b'\n{"b": 2}\n')] == ["", TOO_LONG, ""]
    assert [r.problem for r in read(b'[{"a": 1},' + long + b',{"b": 2}]')] == ["", TOO_LONG, ""]
    assert [r.problem for r in read(long)] == [TOO_LONG]


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(st.characters(exclude_categories=("Cs",)))
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)
documents = st.lists(st.dictionaries(st.text(max_size=4), json_values, max_size=4), max_size=6)


@given(documents, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_documents_are_cut_alike_wherever_chunks_end(rows, size, indent, ascii_only):
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert [json.loads(piece) for piece in split_documents(b"", iter(chunks))] == rows


@given(st.lists(st.binary(max_size=8).map(lambda raw: raw.replace(b"\n", b"")), max_size=8), st.integers(1, 9))
def test_lines_are_cut_alike_wherever_chunks_end(lines, size):
    text = b"\n".join(lines)
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    found = [piece for piece in split_lines(b"", iter(chunks)) if piece is not Piece.BLANK]
    assert found == [line.strip() for line in lines if line.strip()]


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_reasons(content):
    try:
        for record in read(content):
            assert (record.value is None) == bool(record.problem)
    except SourceBroken as broken:
        assert str(broken)  # noqa: PT017 - either way is right, and must say why


def test_parquet_rows(tmp_path):
    path = tmp_path / "log.parquet"
    table = pa.table(
        {
            "id": ["a", "b"],
            "at": pa.array([1791187200123456789, None], pa.timestamp("ns", "UTC")),
            "nested": [{"messages": [{"role": "user"}]}, None],
            "tokens": [1.0, float("nan")],
        }
    )
    pq.write_table(table, path)
    found = [record.value for record in read_file(path)]
    assert found[0]["at"] == datetime(2026, 10, 5, 8, 0, 0, 123456, tzinfo=UTC)
    assert found[0]["nested"] == {"messages": [{"role": "user"}]}
    assert found[1] == {"id": "b", "at": None, "nested": None, "tokens": None}


def test_parquet_text_that_is_no_utf8(tmp_path):
    path = tmp_path / "log.parquet"
    raw = pa.array([b"good", b"bad \xff"], pa.binary())
    text = pa.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(pa.table({"t": text}), path)
    assert [record.value["t"] for record in read_file(path)] == ["good", "bad \ufffd"]


@pytest.mark.parametrize("share", [0.3, 0.99])
def test_truncated_parquet(tmp_path, share):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"n": list(range(10_000))}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SourceBroken, match="Parquet"):
        list(read_file(path))


def test_parquet_needs_a_file():
    with pytest.raises(SourceBroken, match="needs a file"):
        read(b"PAR1 and so on")


def test_progress_adds_up_to_the_size(tmp_path):
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(LINES * 1000))
    taken = []
    list(read_file(path, taken.append))
    assert sum(taken) == path.stat().st_size
