"""Changes are committed with what they say, and delivered once."""

from __future__ import annotations

import threading

import msgspec
import pytest

from stillwatch.apps.watch.changes import Found
from stillwatch.apps.watch.outbox import GIVE_UP, Outbox, flagged_of, record, standing_of
from stillwatch.apps.watch.outputs.lines import LinesFile
from stillwatch.apps.watch.outputs.protocol import NotDelivered
from stillwatch.campaigns.model import Decision, Kind, Verdict
from stillwatch.testing.builders import make_campaign

CAMPAIGN = msgspec.structs.replace(make_campaign("c-1", accounts=3), previous_ids=())
VERDICT = Verdict(
    account_id="a", score=1.0, flagged=True, kind=Kind.BROKER, decision=Decision.FLAGGED, campaign_id="c-1",
    flagged_at=CAMPAIGN.flagged_at, exchanges=1, extraction_exchanges=0.0,
)  # fmt: skip
FOUND = Found(campaigns=(CAMPAIGN,), verdicts=(VERDICT,))


class Remembering:
    """An output that fails as often as it is told."""

    name = "test"
    most = 10

    def __init__(self, failures=0):
        self.failures = failures
        self.got = []
        self.enough = threading.Event()

    def resume(self, mark):
        return None

    def deliver(self, messages):
        if self.failures:
            self.failures -= 1
            raise NotDelivered("status 500", 0.0)
        self.got += messages
        self.enough.set()

    def close(self):
        self.closed = True


class Clock:
    def __init__(self):
        self.now = 1_000_000

    def __call__(self):
        return self.now


def run(state, output, clock, tell=lambda *_told: None):
    outbox = Outbox(state, [output], clock, tell)
    outbox.start()
    output.enough.wait(10)
    outbox.stop(10)
    return outbox


class TestRecord:
    def test_what_stands_survives_a_restart(self, make_state):
        record(make_state(), FOUND, ["test"], now_us=5)
        state = make_state()
        assert standing_of(state)["c-1"].account_ids == CAMPAIGN.account_ids
        assert flagged_of(state)["a"].campaign_id == "c-1"

    def test_the_same_again_makes_no_change(self, make_state):
        state = make_state()
        assert [change.type for change in record(state, FOUND, ["test"], now_us=5)] == [
            "campaign.found",
            "account.flagged",
        ]
        assert record(state, FOUND, ["test"], now_us=6) == []
        assert state.rows("SELECT count(*) FROM outbox") == [(2,)]


class TestOutbox:
    def test_in_order_and_once(self, make_state):
        state, output = make_state(), Remembering()
        record(state, FOUND, ["test"], now_us=5)
        told = []
        outbox = run(state, output, Clock(), lambda *each: told.append(each))
        assert [msgspec.json.decode(each.body)["type"] for each in output.got] == ["campaign.found", "account.flagged"]
        assert outbox.waiting() == {"test": 0}
        assert told == [("test", "delivered", 2)]
        again = Remembering()
        again.enough.set()
        run(make_state(), again, Clock())
        assert again.got == []

    def test_a_failed_attempt_is_repeated_with_the_same_ids_after_a_pause(self, make_state):
        state, output, clock = make_state(), Remembering(failures=1), Clock()
        record(state, FOUND, ["test"], now_us=5)
        outbox = Outbox(state, [output], clock, lambda *_told: None)
        outbox.start()
        outbox.stop(10)
        assert output.got == []
        ((attempts, due),) = set(state.rows("SELECT attempts, due_us FROM outbox"))
        assert (attempts, due) == (1, clock.now + 1_000_000)
        ids = [row[0] for row in state.rows("SELECT id FROM outbox ORDER BY number")]
        clock.now = due
        run(state, output, clock)
        assert [each.id for each in output.got] == ids

    def test_what_cannot_be_delivered_for_days_is_given_up_and_counted(self, make_state):
        state, clock, told = make_state(), Clock(), []
        record(state, FOUND, ["test"], now_us=5)
        clock.now = GIVE_UP + 10
        outbox = Outbox(state, [Remembering(failures=9)], clock, lambda *each: told.append(each))
        outbox.start()
        outbox.stop(10)
        assert told == [("test", "given up", 2)]
        assert outbox.waiting() == {"test": 0}

    def test_a_file_holds_each_change_once_whatever_a_kill_left(self, make_state, tmp_path):
        state, path = make_state(), tmp_path / "changes.jsonl"
        name = LinesFile(path).name
        record(state, FOUND, [name], now_us=5)
        bodies = [bytes(row[0]) for row in state.rows("SELECT body FROM outbox ORDER BY number")]
        path.write_bytes(bodies[0] + b"\n" + bodies[1][:20])  # written, not committed
        with state.transaction() as base:
            base.execute("INSERT INTO mark VALUES (?, 0)", [name])
        outbox = Outbox(state, [LinesFile(path)], Clock(), lambda *_told: None)
        outbox.start()
        outbox.stop(10)
        assert path.read_bytes() == b"".join(body + b"\n" for body in bodies)
        assert state.rows("SELECT value FROM mark") == [(path.stat().st_size,)]

    @pytest.mark.parametrize("earlier", [b"", b"somebody else's line\n"])
    def test_also_when_the_kill_came_with_the_first_lines(self, make_state, tmp_path, earlier):
        state, path = make_state(), tmp_path / "changes.jsonl"
        path.write_bytes(earlier)
        output = LinesFile(path)
        outbox = Outbox(state, [output], Clock(), lambda *_told: None)
        outbox.start()  # nothing to deliver yet
        outbox.stop(10)
        record(state, FOUND, [output.name], now_us=5)
        path.write_bytes(earlier + b"{written and never committed}\n")
        outbox = Outbox(state, [LinesFile(path)], Clock(), lambda *_told: None)
        outbox.start()
        outbox.stop(10)
        bodies = [msgspec.json.decode(line) for line in path.read_bytes().removeprefix(earlier).splitlines()]
        assert [body["type"] for body in bodies] == ["campaign.found", "account.flagged"]
        assert path.read_bytes().startswith(earlier)

    def test_changes_for_outputs_that_are_gone_are_dropped(self, make_state):
        state = make_state()
        record(state, FOUND, ["gone"], now_us=5)
        output = Remembering()
        output.enough.set()
        run(state, output, Clock())
        assert state.rows("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("size", [0, 3])
def test_a_file_that_was_rotated_away_begins_anew(tmp_path, size):
    path = tmp_path / "changes.jsonl"
    path.write_bytes(b"x" * size)
    output = LinesFile(path)
    output.resume(100)
    output.close()
    assert path.read_bytes() == b"x" * size
