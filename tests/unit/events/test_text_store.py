"""Texts in a file: found again by number and key, long ones with all that is ever read of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import OutputError
from stillwatch.events.text_store import CUT, HEAD, NULL_KEY, TAIL, TextWriter, text_keys


def stored(folder, *batches):
    """A store of some batches, and per batch the keys and numbers of its rows."""
    with TextWriter(folder) as writer:
        rows = [writer.add(pa.array(batch, pa.string())) for batch in batches]
    keys, numbers = (np.concatenate(part) for part in zip(*rows, strict=True))
    distinct, first = np.unique(keys[keys != NULL_KEY], return_index=True)
    store = writer.store(pa.array(distinct), numbers[keys != NULL_KEY][first])
    return store, keys, numbers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


class TestStore:
    @settings(deadline=None, max_examples=40)
    @given(
        st.lists(st.lists(st.none() | st.text(max_size=5), max_size=6), min_size=1, max_size=4),
        st.randoms(use_true_random=False),
    )
    def test_gives_back_what_was_written_in_any_order(self, folder, batches, random):
        store, keys, numbers = stored(folder, *batches)
        texts = [text for batch in batches for text in batch]
        rows = [row for row, text in enumerate(texts) if text is not None]
        random.shuffle(rows)
        assert (keys == NULL_KEY).tolist() == [text is None for text in texts]
        assert store.file.read(numbers[rows]) == [texts[row] for row in rows]
        assert store.file.read(store.places(pa.array(keys[rows]))) == [texts[row] for row in rows]

    def test_a_text_stands_once_per_batch(self, tmp_path):
        store, _, numbers = stored(tmp_path, ["a", "b", "a"], ["b", "b"])
        assert numbers.tolist() == [0, 1, 0, 2, 2]
        assert store.file.starts.tolist() == [0, 2, 3]

    def test_of_a_long_text_beginning_and_end_are_kept(self, tmp_path):
        long, wide, short = "a" * 5000 + "z" * 5000, "é" * 3399, "b" * (HEAD + TAIL)
        store, keys, numbers = stored(tmp_path, [long, short, wide])
        assert store.file.read(numbers) == ["a" * HEAD + CUT + "z" * TAIL, short, wide]
        assert keys[0] == text_keys([long.encode()], 1)[0]

    def test_a_key_of_no_text_is_an_error(self, tmp_path):
        store, keys, _ = stored(tmp_path, ["a"])
        with pytest.raises(KeyError):
            store.places(pa.array([*keys, 5]))

    def test_a_full_disk_is_told(self, tmp_path, monkeypatch):
        writer = TextWriter(tmp_path)

        class Full:
            def write_batch(self, batch):
                raise OSError(28, "No space left on device")

            def close(self):
                pass

        monkeypatch.setattr(writer, "_file", Full())
        with writer, pytest.raises(OutputError, match="No space left on device"):
            writer.add(pa.array(["a"]))


class TestKeys:
    def test_are_xxh3_as_signed_numbers(self):
        (key,) = text_keys([b"a"], 1).tolist()
        assert key % 2**64 == xxhash.xxh3_64_intdigest(b"a")
