import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.families import Family
from stillwatch.errors import InputError, UsageError
from stillwatch.events.model import ACCOUNTS, EXCHANGES
from stillwatch.lab.irc import read_irc, without_nicks
from stillwatch.lab.people import Crowd, Judge, Setting, deal, eligible, halves, learn_judge, measure, threshold
from stillwatch.lab.people_log import DEALT, LINKED, PERSON, write_people_log

KEY = b"key of a test"
SUBJECTS = (
    "printer paper tray driver queue toner", "wireless card signal router channel key",
    "kernel module compile patch header branch", "photo album camera resize colour border",
    "guitar string chord tuning pedal amplifier", "bread oven flour yeast crust butter",
    "garden tomato soil compost rain seed", "chess opening rook endgame pawn bishop",
    "bicycle chain gear brake wheel saddle", "novel chapter author plot hero ending",
)  # fmt: skip
HABITS = ("", "!!!", " ...", " pls", " :)", "??", " lol", ".", " thx", " hmm")
OPENINGS = (
    "does anyone know why the",
    "i think my",
    "HELP with",
    "So, the",
    "please tell me how a",
    "trying to get this",
)


def say(rng, person):
    """Six words or more of a made-up person: her subject, her habits."""
    words = rng.choice(SUBJECTS[person % 10].split(), 4, replace=True)
    opening = OPENINGS[(person // 10) % 6] if rng.random() < 0.7 else rng.choice(OPENINGS)
    return f"{opening} {' '.join(words)} {rng.integers(1000)} today{HABITS[(person * 7) % 10]}"


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Sixteen people who come every day for six days, and 120 who come once or twice."""
    folder = tmp_path_factory.mktemp("irc")
    rng = np.random.default_rng(3)
    for day in range(6):
        lines = []
        lines += [
            f"[09:{person:02d}] <Regular{person}{'_' * (day % 2)}> visitor{person}: {say(rng, person)}"
            for person in range(16)
            for _ in range(2)
        ]
        lines += [
            f"[11:{person % 60:02d}] <visitor{person}> {say(rng, 50 + person)}"
            for person in range(120)
            if person % 6 in {day, (day + 1) % 6}
        ]
        lines += [
            "=== visitor1 has joined #made-up",
            f"[12:00] <ubotu> this is the robot that answers every question with line {day}",
            f"[12:01] <guest{day}> a name that many people share in one and the same client",
            "[12:02] <visitor2> too short",
        ]
        sub = folder / "train" if day % 2 else folder / "dev"
        sub.mkdir(exist_ok=True)
        (sub / f"2007-01-0{day + 1}.raw.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "all.raw.txt").write_text("[09:14] <regular1> no day in this file's name at all", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chat(logs):
    return read_irc(logs, KEY)


SMALL = Setting(accounts=6, messages=5, sets=100, splits=2, seed=1)


class TestReading:
    def test_nobody_is_named(self, chat):
        everything = " ".join(f"{m.person} {m.text}" for m in chat.messages).lower()
        for name in ("regular", "visitor", "ubotu", "guest"):
            assert name not in everything

    def test_people_keep_their_identity_over_days_and_marks(self, chat):
        days = {}
        for message in chat.messages:
            days.setdefault(message.person, set()).add(message.day)
        assert sorted(len(d) for d in days.values())[-16:] == [6] * 16
        assert len(days) == 16 + 120

    def test_robots_crowds_short_lines_and_files_without_day_are_counted(self, chat):
        assert chat.files == 6
        assert chat.figures["crowd"] == 12
        assert chat.figures["short"] == 6
        assert chat.figures["files_without_day"] == 1
        assert chat.figures["other_lines"] == 6

    def test_another_key_other_names(self, logs, chat):
        other = read_irc(logs, b"another key")
        assert not {m.person for m in chat.messages} & {m.person for m in other.messages}
        assert [m.text for m in chat.messages] == [m.text for m in other.messages]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("anna: bob, try the other driver", "try the other driver"),
            ("stranger: try this", "try this"),
            ("so, it works", "so, it works"),
            ("ask bob about it", "ask about it"),
            ("<@anna> said Bob was right", "<@> said was right"),
        ],
    )
    def test_addresses_and_nicks_go(self, text, expected):
        assert without_nicks(text, {"anna", "bob"}) == expected

    def test_a_line_in_two_files_counts_once(self, tmp_path):
        line = "[09:14] <one> the very same line stands in two files"
        for name in ("2007-01-01.a.raw.txt", "2007-01-01.b.raw.txt"):
            (tmp_path / name).write_text(line + "\n")
        found = read_irc(tmp_path, KEY)
        assert len(found.messages) == 1
        assert found.figures["doubles"] == 1

    @pytest.mark.parametrize("content", [None, "", "=== nothing spoken here\n", "[09:14] <a> short\n"])
    def test_nothing_to_read(self, tmp_path, content):
        if content is not None:
            (tmp_path / "2007-01-01.raw.txt").write_text(content)
        with pytest.raises(InputError, match=r"holds? no") as raised:
            read_irc(tmp_path, KEY)
        assert raised.value.hint

    def test_no_folder(self, tmp_path):
        with pytest.raises(InputError, match="no folder"):
            read_irc(tmp_path / "nowhere", KEY)

    def test_broken_bytes_and_endless_lines_are_survived(self, tmp_path):
        good = b"[09:14] <one> six words or more in this line\n"
        (tmp_path / "2007-01-01.raw.txt").write_bytes(
            b"\xff\xfe\x00\n" + b"[09:15] <two> " + b"x " * 9000 + b"\n" + good
        )
        found = read_irc(tmp_path, KEY)
        assert [m.text for m in found.messages] == ["six words or more in this line"]
        assert found.figures["other_lines"] == 2


class TestSets:
    def test_threshold_and_dealt_people_are_disjoint(self, chat):
        crowd = Crowd.of(chat)
        enough = eligible(crowd, SMALL)
        for seed in range(20):
            one, two = halves(enough, np.random.default_rng(seed))
            assert not set(one) & set(two)
            assert set(one) | set(two) == set(enough)

    def test_population_is_learnt_from_neither(self, chat, monkeypatch):
        crowd = Crowd.of(chat)
        enough = eligible(crowd, SMALL)
        seen = {}

        def learn(texts, rows, party):
            seen["rows"] = rows
            return Judge({}, {}, {})

        monkeypatch.setattr(Judge, "learn", learn)
        learn_judge(crowd, enough, np.random.default_rng(0))
        theirs = np.concatenate([np.concatenate(crowd.rows[p]) for p in enough])
        assert not set(seen["rows"]) & set(theirs)

    def test_a_set_has_different_people_and_one_message_a_day(self, chat):
        crowd = Crowd.of(chat)
        rows = crowd.draw(eligible(crowd, SMALL), SMALL, np.random.default_rng(0))
        assert rows.shape == (6, 5)
        who = [{chat.messages[r].person for r in account} for account in rows]
        assert all(len(w) == 1 for w in who)
        assert len(set.union(*who)) == 6
        assert all(len({chat.messages[r].day for r in account}) == 5 for account in rows)

    def test_dealing_moves_messages_and_loses_none(self, chat):
        rows = np.arange(30).reshape(6, 5)
        dealt = deal(rows, np.random.default_rng(0))
        assert dealt.shape == rows.shape
        assert sorted(dealt.ravel()) == list(range(30))
        assert not (dealt == rows).all()

    def test_too_few_people(self, chat):
        with pytest.raises(InputError, match="expected 18 people with 5 days, found 16"):
            eligible(Crowd.of(chat), Setting(accounts=9, messages=5))

    @pytest.mark.parametrize("changed", [{"sets": 99}, {"accounts": 1}, {"messages": 1}, {"splits": 1}])
    def test_impossible_settings(self, changed):
        with pytest.raises(UsageError, match="expected --"):
            Setting(**changed).check()


class TestThreshold:
    def test_is_exceeded_by_a_further_set_at_most_at_the_rate(self):
        rng = np.random.default_rng(5)
        exceeded = [rng.normal() > threshold(rng.normal(size=199), 0.01) for _ in range(4000)]
        # two of 200 in expectation; five standard errors of 4,000 trials
        assert abs(np.mean(exceeded) - 0.01) < 5 * np.sqrt(0.01 / 4000)

    def test_too_few_sets_let_nothing_pass(self):
        assert threshold(np.arange(50.0), 0.01) == np.inf
        assert threshold(np.arange(99.0), 0.01) == 98.0


@pytest.mark.statistical
class TestMeasure:
    def test_made_up_people_are_told_from_their_messages_dealt(self, chat):
        found = measure(chat, SMALL)
        first = found.measured[0]
        assert first.family == Family.TEXT.value
        assert first.dealt_median > first.people_median
        assert first.tpr > 0.5  # a set of chance would be at 0.01
        assert 0 <= first.over_individuals[0] <= first.tpr <= first.over_individuals[1] <= 1
        assert (found.individuals, found.threshold_individuals, found.dealt_individuals) == (16, 8, 8)

    def test_people_beside_people_are_not_told_apart(self, chat):
        """The negative control: what is flagged of the other half's own people stays far below what is of dealt ones."""
        first = measure(chat, SMALL).measured[0]
        assert first.fpr < first.tpr / 2

    def test_same_seed_same_figures(self, chat):
        assert measure(chat, SMALL) == measure(chat, SMALL)


class TestLog:
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, chat, tmp_path_factory):
        out = tmp_path_factory.mktemp("log")
        cls.written = write_people_log(chat, SMALL, out)
        return out

    def read(self, folder, name):
        return pq.read_table(folder / f"{name}.parquet").to_pylist()

    def test_has_the_contract_columns_in_order_of_time(self, folder):
        table = pq.read_table(folder / "exchanges.parquet")
        assert table.column_names == [c.name for c in EXCHANGES]
        assert pq.read_schema(folder / "accounts.parquet").names == [c.name for c in ACCOUNTS]
        ts = table["ts"].to_pylist()
        assert ts == sorted(ts)
        for column in EXCHANGES:
            if not column.nullable:
                assert table[column.name].null_count == 0

    def test_truth_names_one_linked_set_and_one_campaign(self, folder):
        truth = self.read(folder, "truth")
        labels = [row["label"] for row in truth]
        assert (labels.count(LINKED), labels.count(DEALT)) == (6, 6)
        assert labels.count(PERSON) == 120 + 16 - 12
        assert {row["kind"] for row in truth if row["campaign"]} == {"extraction"}
        assert {row["kind"] for row in truth if not row["campaign"]} == {"benign"}

    def test_every_account_says_one_thing_a_day(self, folder):
        said = [(row["account_id"], row["ts"].date()) for row in self.read(folder, "exchanges")]
        assert len(said) == len(set(said))

    def test_no_message_stands_twice_and_halves_share_none(self, folder):
        by_label = {}
        label = {row["account_id"]: row["label"] for row in self.read(folder, "truth")}
        for row in self.read(folder, "exchanges"):
            by_label.setdefault(label[row["account_id"]], []).append(row["prompt"])
        assert not set(by_label[LINKED]) & set(by_label[DEALT])
        assert len(by_label[DEALT]) == len(by_label[LINKED]) == 30

    def test_malicious_exchanges_are_those_of_the_campaign(self, folder):
        bad = {row["account_id"] for row in self.read(folder, "truth") if row["campaign"]}
        of = {row["exchange_id"]: row["account_id"] for row in self.read(folder, "exchanges")}
        for row in self.read(folder, "truth_exchanges"):
            assert row["malicious"] == (of[row["exchange_id"]] in bad)

    def test_linked_people_and_dealt_accounts_look_alike_but_for_what_they_say(self, folder):
        label = {row["account_id"]: row["label"] for row in self.read(folder, "truth")}
        seen = {LINKED: [], DEALT: []}
        for row in self.read(folder, "exchanges"):
            if label[row["account_id"]] in seen:
                shape = {
                    k: v for k, v in row.items() if k in {"model", "endpoint", "turn", "channel", "status", "client"}
                }
                seen[label[row["account_id"]]].append((json.dumps(shape), row["ip"].rpartition(".")[2]))
        assert {s for s, _ in seen[LINKED]} == {s for s, _ in seen[DEALT]}
        assert {host for _, host in seen[LINKED]} == {host for _, host in seen[DEALT]} == {"1", "2"}

    def test_everybody_keeps_hours_dealt_or_not(self, folder):
        label = {row["account_id"]: row["label"] for row in self.read(folder, "truth")}
        angles = {}
        for row in self.read(folder, "exchanges"):
            hour = row["ts"].hour + row["ts"].minute / 60
            angles.setdefault(row["account_id"], []).append(np.exp(2j * np.pi * hour / 24))
        lengths = {LINKED: [], DEALT: []}
        for account, waves in angles.items():
            if label[account] in lengths:
                lengths[label[account]].append(abs(np.mean(waves)))
        # hours spread by 2.5 give exp(-0.21) = 0.81; five moments at random would give 0.4
        assert all(np.mean(each) > 0.65 for each in lengths.values())

    def test_card(self, folder):
        card = json.loads((folder / "card.json").read_text())
        assert card["figures"]["campaigns"] == self.written.campaigns == 1
        assert card["figures"]["exchanges"] == len(self.read(folder, "exchanges"))
