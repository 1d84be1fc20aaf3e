from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.lab.bench import FULL, QUICK, Bench, Plan, read_cells
from stillwatch.lab.bench_summary import as_json, leads, lines, mean_curves, page_part, resolved, table
from stillwatch.lab.detectors.published import Ranked
from stillwatch.lab.detectors.verdicts import Looks
from stillwatch.lab.detectors.volume import VolumeLimit
from stillwatch.lab.frozen import Code, digest, present_code, seed_of
from stillwatch.testing.lab_worlds import scenario, simulate

CODE = Code(version="1", commit="c" * 40, clean=True, digest="d" * 64)
PLAN = Plan(scenarios=("C1", "C7"), detectors=(), seeds=2, scale=1.0, days=2)


class Oracle:
    """Ranks by activity: the made-up campaign is busier than people. It stands for ours and needs no reference."""

    name, title, text, settings = "stillwatch", "the oracle", False, "none"

    def fit(self, _reference):
        return self

    def write(self, log, out):
        def look(traffic):
            counts = traffic.counts().astype(float)
            return Looks(np.arange(len(counts)), traffic.last(), counts)

        cut = float(np.quantile(log.traffic.counts(), 0.9))
        Ranked(self.name, "", look, cut).write(log, out)


def bench(out, made=None, **changes):
    def make(*words):
        if made is not None:
            made.append(words)
        simulate(*words)

    times = iter(range(10_000))
    return Bench(
        plan=changes.get("plan", PLAN),
        scenarios={"C1": scenario("C1"), "C7": scenario("C7", miss=True)},
        detectors=changes.get("detectors", (Oracle(), VolumeLimit(0.05))),
        simulate=make,
        embed=lambda: None,
        code=changes.get("code", CODE),
        out=out,
        clock=lambda: float(next(times)),
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    made: list[tuple[object, ...]] = []
    return out, bench(out, made).run(), made


@pytest.fixture(scope="module")
def cells(done):
    return done[1]


class TestBench:
    def test_cells(self, done):
        out, cells, made = done
        assert [(c.scenario, c.number, c.detector) for c in cells] == [
            (s, n, d) for s in ("C1", "C7") for n in (0, 1) for d in ("stillwatch", "volume")
        ]
        assert len(made) == 8  # a world and its reference for each of four
        assert {c.world.campaigns for c in cells} == {1}
        assert all(c.seconds == 1.0 for c in cells)
        assert not list((out / "worlds").iterdir())

    def test_reference_has_no_campaign_and_another_seed(self, done):
        _, _, made = done
        for (world, _, seed, _), (reference, _, other, _) in zip(made[::2], made[1::2], strict=True):
            assert world.groups
            assert not reference.groups
            assert seed != other

    def test_a_finished_cell_is_never_run_again(self, done):
        out, cells, _ = done
        made: list[tuple[object, ...]] = []
        assert bench(out, made).run() == cells
        assert made == []

    def test_a_stopped_run_goes_on(self, tmp_path):
        class Stopped(Exception):
            pass

        class Stops(Oracle):
            name = "volume"

            def write(self, _log, _out):
                raise Stopped

        plan = msgspec.structs.replace(PLAN, scenarios=("C1",), seeds=1)
        with pytest.raises(Stopped):
            bench(tmp_path, plan=plan, detectors=(Oracle(), Stops())).run()
        assert [c.detector for c in read_cells(tmp_path)] == ["stillwatch"]
        assert not list((tmp_path / "worlds").iterdir())
        assert len(bench(tmp_path, plan=plan).run()) == 2

    def test_other_code_is_refused(self, done):
        out, _, _ = done
        other = msgspec.structs.replace(CODE, commit="e" * 40)
        with pytest.raises(UsageError, match="never mixed"):
            bench(out, code=other).run()

    def test_other_plan_is_refused(self, done):
        out, _, _ = done
        with pytest.raises(UsageError, match="other sizes"):
            bench(out, plan=msgspec.structs.replace(PLAN, scale=0.5)).run()

    def test_broken_cell_says_what_to_do(self, done, tmp_path):
        _, cells, _ = done
        (tmp_path / "cells").mkdir()
        text = json.dumps(msgspec.to_builtins(cells[0]))
        (tmp_path / "cells" / "C1-0-x.json").write_text(text[: len(text) // 2])
        with pytest.raises(InputError, match="Delete this file"):
            read_cells(tmp_path)


class TestSummary:
    def test_lines_pool_worlds(self, cells):
        found = lines(cells)
        assert [(line.scenario, line.detector, line.worlds) for line in found] == [
            ("C1", "stillwatch", 2), ("C1", "volume", 2), ("C7", "stillwatch", 2), ("C7", "volume", 2),
        ]  # fmt: skip
        first = found[0]
        assert first.malicious == sum(c.world.malicious for c in cells[:4] if c.detector == "stillwatch")
        assert first.tpr is not None
        assert first.tpr.low <= first.tpr.value <= first.tpr.high
        assert first.false_flags == sum(c.scores.false_flags for c in cells[:4] if c.detector == "stillwatch")

    def test_rates_are_reported_only_where_resolved(self):
        assert [resolved(n) for n in (100, 2_999, 3_000, 30_000)] == [1e-2, 1e-2, 1e-3, 1e-4]

    def test_table_marks_expected_misses(self, cells):
        rows = table(lines(cells))
        assert [r[0] for r in rows] == ["C1", "C1", "C7 (expected miss)", "C7 (expected miss)"]

    def test_page_says_where_another_is_ahead(self, cells):
        text = page_part(cells, PLAN)
        assert "4 worlds of 2 scenarios" in text
        assert "| C7 (expected miss) | the oracle |" in text
        worse = [
            replace_tpr(c, 0.0) if c.detector == "stillwatch" and c.scenario == "C1" else replace_tpr(c, 0.5)
            for c in cells
        ]
        assert leads(lines(worse))["C1"] == ("volume limit", -0.5)
        assert "C1: volume limit by 0.500" in page_part(worse, PLAN)

    def test_json(self, cells):
        found = json.loads(json.dumps(as_json(cells, PLAN)))
        assert found["code"]["commit"] == CODE.commit
        assert len(found["lines"]) == 4
        assert {w["seed"] for w in found["worlds"].values()} == {
            seed_of(CODE, s, n, "world") for s in ("C1", "C7") for n in (0, 1)
        }

    def test_mean_curve_stays_between_its_parts(self, cells):
        found = dict(mean_curves(cells, "C1"))["the oracle"]
        own = [c for c in cells if c.scenario == "C1" and c.detector == "stillwatch"]
        for rate in (0.0, 0.02, 0.1):
            heights = [c.roc["tpr"][np.searchsorted(c.roc["fpr"], rate, side="right") - 1] for c in own]
            assert found.tpr_at(rate) == pytest.approx(np.mean(heights))

    def test_pictures(self, cells, tmp_path):
        pictures = pytest.importorskip("stillwatch.lab.pictures")
        pytest.importorskip("matplotlib", reason="the extra [lab] is not installed")
        pictures.draw(mean_curves(cells, "C1"), tmp_path / "roc.svg")
        pictures.draw_leaks([("C1", [("ours", 0.1, 0.05, 0.2), ("other", 1.0, 0.9, 1.0)])], tmp_path / "leaks.svg")
        pictures.draw_price([("C1", 100.0, 5.0, 0.0)], tmp_path / "price.svg")
        pictures.draw_sweep("dilution", [(0.0, 0.1, 0.9, 0.0), (0.9, 1.0, 0.0, 0.0)], tmp_path / "sweep.svg")
        for name in ("roc", "leaks", "price", "sweep"):
            assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")


def replace_tpr(cell, value):
    further = msgspec.structs.replace(
        cell.scores.further, strict_tpr_at_fpr=dict.fromkeys(("0.0001", "0.001", "0.01"), value)
    )
    return msgspec.structs.replace(cell, scores=msgspec.structs.replace(cell.scores, further=further))


class TestFrozen:
    def git(self, folder, *words):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)

    @pytest.fixture
    def package(self, tmp_path):
        folder = tmp_path / "package"
        folder.mkdir()
        (folder / "__init__.py").write_text("x = 1\n")
        self.git(tmp_path, "init", "-q")
        self.git(tmp_path, "add", "-A")
        self.git(tmp_path, "commit", "-q", "-m", "one")
        return folder

    def test_as_committed(self, package):
        found = present_code(package)
        assert found.clean
        assert found.name == found.commit
        assert len(found.name) == 40

    def test_changed(self, package):
        before = present_code(package)
        (package / "__init__.py").write_text("x = 2\n")
        after = present_code(package)
        assert after.commit == before.commit
        assert not after.clean
        assert after.name != before.name
        assert "with changes" in after.words

    def test_without_git(self, tmp_path):
        (tmp_path / "__init__.py").write_text("")
        found = present_code(tmp_path)
        assert found.commit is None
        assert found.name == digest(tmp_path)

    def test_byte_code_is_no_change(self, package):
        before = digest(package)
        (package / "__pycache__").mkdir()
        (package / "__pycache__" / "x.pyc").write_bytes(b"1")
        assert digest(package) == before

    def test_seeds_follow_from_the_code(self):
        other = msgspec.structs.replace(CODE, commit="e" * 40)
        seeds = {
            seed_of(code, name, n, use)
            for code in (CODE, other) for name in ("C1", "C2") for n in (0, 1) for use in ("world", "reference")
        }  # fmt: skip
        assert len(seeds) == 16
        assert seed_of(CODE, "C1", 0, "world") == seed_of(CODE, "C1", 0, "world")


class TestPlans:
    def test_full_size_resolves_what_it_states(self):
        assert FULL.people is not None
        assert FULL.people * FULL.scale >= 30_000
        assert resolved(int(FULL.people * FULL.scale)) == FULL.fpr

    def test_sized_world(self, tmp_path):
        plan = Plan(scenarios=("C1",), detectors=(), seeds=1, scale=0.5, campaign=5, days=2)
        found = replace(bench(tmp_path), plan=plan).sized("C1")
        assert found.days == 2
        assert found.groups[0].accounts * 0.5 == 5

    def test_quick_has_an_expected_miss_and_an_honest_world(self):
        assert {"C7", "honest"} <= set(QUICK.scenarios)
