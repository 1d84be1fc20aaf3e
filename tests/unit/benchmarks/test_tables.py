from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.baselines import tables
from benchmarks.baselines.protocol import Roc

PAGE = "before\n<!-- begin part -->\nold\n<!-- end part -->\nafter\n"


class TestFill:
    def test_replaces_only_its_part_and_may_be_run_again(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text(PAGE)
        tables.fill(page, "part", "new")
        first = page.read_text()
        assert first == PAGE.replace("old", "new")
        tables.fill(page, "part", "new")
        assert page.read_text() == first

    @pytest.mark.parametrize("text", ["", "<!-- end part --><!-- begin part -->", "<!-- begin part -->"])
    def test_a_page_without_the_comments_is_left_alone(self, tmp_path, text):
        page = tmp_path / "page.md"
        page.write_text(text)
        with pytest.raises(ValueError, match=r"page\.md lacks"):
            tables.fill(page, "part", "new")
        assert page.read_text() == text


class TestTables:
    def test_markdown_escapes_bars(self):
        assert tables.markdown(["a"], [["x|y"]]).splitlines() == ["| a |", "| --- |", "| x\\|y |"]

    def test_plain_aligns(self):
        assert tables.plain(["a", "b"], [["long", "1"]]) == "a     b\nlong  1"

    def test_json_reads_back_with_numbers_on_one_line(self, tmp_path):
        values = {"points": [0.1, 2e-05, 3], "text": "[1,\n2]", "nested": {"a": None}}
        tables.write_json(tmp_path / "deep" / "r.json", values)
        text = (tmp_path / "deep" / "r.json").read_text()
        assert json.loads(text) == values
        assert '"points": [0.1, 2e-05, 3]' in " ".join(text.split()).replace("[ ", "[").replace(" ]", "]")

    def test_machine_names_no_host_and_no_place(self):
        found = tables.machine()
        assert {"cores", "memory_gib", "python", "numpy"} <= found.keys()
        assert "/" not in json.dumps(found)


class TestPicture:
    def test_same_curves_same_bytes_and_no_date(self, tmp_path):
        picture = pytest.importorskip("benchmarks.baselines.picture", reason="the extra [plots] is not installed")
        rates = np.linspace(0, 1, 101)
        curves = [("ours", Roc(rates, rates**0.1, 100, 10)), ("theirs", Roc(rates, rates, 100, 10))]
        for name in ("a.svg", "b.svg"):
            picture.draw(curves, tmp_path / name)
        text = (tmp_path / "a.svg").read_text()
        assert text == (tmp_path / "b.svg").read_text()
        assert "<dc:date>" not in text

    def test_names_do_not_touch_and_keep_their_order(self):
        picture = pytest.importorskip("benchmarks.baselines.picture", reason="the extra [plots] is not installed")
        heights = [0.5, 0.5, 0.51, 0.0, 1.0, 0.99]
        placed = picture.spread(heights, 0.06)
        inorder = [placed[i] for i in sorted(range(6), key=lambda i: (heights[i], i))]
        assert all(b - a >= 0.06 - 1e-9 for a, b in pairwise(inorder))
        assert min(placed) >= 0
        assert max(placed) <= 1
