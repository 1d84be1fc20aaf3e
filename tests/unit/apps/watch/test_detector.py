"""Rows and sketches out of partitions, and a hunt over them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stillwatch.apps.watch.detector import Look, Looking, Rehunt, completed, rows_of, sketches_of
from stillwatch.apps.watch.state import Limits
from stillwatch.apps.watch.worker import Answer, Question, Setup, Worker, answered
from stillwatch.detect.texts import sketch
from stillwatch.errors import InputError

EVER = -(2**62)


@pytest.fixture
def parts(make_state, rows, take):
    """Two partitions, the second with an earlier row."""
    state = make_state(Limits())
    take(state, rows(5, 6), leave_out=False)
    take(state, rows(1, 7), leave_out=False)
    return state.listed()


class TestRows:
    def test_in_the_order_of_a_log(self, parts):
        assert rows_of(parts, EVER)["exchange_id"].to_pylist() == ["x0001", "x0005", "x0006", "x0007"]

    def test_within_the_window(self, parts):
        assert rows_of(parts, parts[0].first_us)["exchange_id"].to_pylist() == ["x0005", "x0006", "x0007"]

    def test_none(self):
        assert rows_of([], EVER).num_rows == 0
        assert sketches_of([]).num_rows == 0

    def test_a_text_without_a_sketch_says_nothing(self, parts):
        sketches = sketches_of(parts)
        texts = pa.array([*sketches["text"].to_pylist(), 7])
        whole, missing = completed(sketches, texts)
        assert missing == 1
        assert whole.slice(0, sketches.num_rows).equals(sketches)
        assert whole["skeleton"].to_pylist()[-1] == sketch([""])["skeleton"].to_pylist()[0]
        assert completed(sketches, texts[:-1]) == (sketches, 0)

    def test_two_batches_of_different_encodings_fit_together(self, parts):
        table = rows_of(parts, EVER)
        assert pa.types.is_dictionary(table["account_id"].type)
        assert table["account_id"].num_chunks == 1


class TestRehunt:
    def test_a_look_over_all_that_was_absorbed(self, parts):
        detector = Rehunt(Looking())
        for part in parts:
            detector.absorb(part)
        looked = detector.look(Look(since_us=EVER))
        assert len(looked.log) == 4
        assert {v.account_id for v in looked.hunted.verdicts} == {"a0", "a1", "a2"}
        assert looked.log.texts.text(0) is None

    def test_nothing_yet(self):
        assert Rehunt(Looking()).look(Look(since_us=EVER)).hunted.campaigns == ()


class Broken(Rehunt):
    def look(self, look):
        raise InputError("the table of accounts is not there", hint="put it back")


class Dying(Rehunt):
    def look(self, look):
        import os  # noqa: PLC0415

        os._exit(3)


class TestWorker:
    def ask(self, maker, parts):
        worker = Worker(Setup(looking=Looking()), maker)
        try:
            worker.ask(Question(partitions=tuple(parts), look=Look(since_us=EVER)))
            assert worker.busy
            return worker, worker.answer(60)
        finally:
            worker.stop()

    @pytest.mark.slow
    def test_a_look_in_a_process_of_its_own(self, parts):
        _, answer = self.ask(Rehunt, parts)
        assert (answer.upto, answer.exchanges, answer.accounts, answer.problem) == (2, 4, 3, "")

    @pytest.mark.slow
    def test_a_process_that_dies_is_a_problem_and_is_told_everything_again(self, parts):
        worker, answer = self.ask(Dying, parts)
        assert "ended unexpectedly" in answer.problem
        assert (worker.told, worker.busy) == (0, False)

    def test_a_look_that_fails_says_why(self, parts):
        question = Question(partitions=(), look=Look(since_us=EVER))
        answer = answered(Broken(Looking()), question, Setup(looking=Looking()), 0)
        assert (answer.problem, answer.hint) == ("the table of accounts is not there", "put it back")

    def test_a_run_folder_that_cannot_be_written_costs_no_change(self, parts, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        detector = Rehunt(Looking())
        detector.absorb(parts[0])
        setup = Setup(looking=Looking(), out=str(tmp_path / "file"))
        answer = answered(detector, Question(partitions=(), look=Look(since_us=EVER)), setup, 1)
        assert isinstance(answer, Answer)
        assert (answer.exchanges, answer.problem) == (2, "")
        assert "is a file" in answer.unwritten
