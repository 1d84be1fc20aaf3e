import math

import msgspec
import pytest

from stillwatch.errors import OutputError, UsageError
from stillwatch.lab.providers_picture import draw
from stillwatch.lab.sharing_sweep import delay_name, figure, parse_delay, sweep
from stillwatch.lab.split import Detector, Part, Poison, Policy, Split

SPLIT = Split(
    name="made-up",
    title="A made-up campaign",
    hours=96.0,
    parts=tuple(Part(provider=f"p{at}", accounts=60, exchanges_per_hour=120.0) for at in range(4)),
    set_accounts=10,
    common=0.5,
    ramp_hours=24.0,
    poison=Poison(at_hour=10.0, firm_accounts=40),
)
DETECTOR = Detector(exchanges_per_account=(4.0, 6.0, 9.0, 14.0))


@pytest.fixture(scope="module")
def found():
    return sweep(SPLIT, DETECTOR, Policy(), runs=3, shares=(0.0, 0.5, 1.0))


class TestDelays:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("0s", 0), ("1s", 1), ("1min", 60), (" 4H", 14_400), ("1.5h", 5400), ("1d", 86_400), ("never", math.inf)],
    )
    def test_read(self, text, seconds):
        assert parse_delay(text) == seconds

    @pytest.mark.parametrize("text", ["", "1", "soon", "-1s", "nanh", "infs", "1 fortnight"])
    def test_refused(self, text):
        with pytest.raises(UsageError, match="expected a delay"):
            parse_delay(text)

    @pytest.mark.parametrize(
        ("seconds", "name"),
        [(0.0, "0 s"), (60.0, "1 min"), (14_400.0, "4 h"), (86_400.0, "24 h"), (172_800.0, "2 d"), (None, "never")],
    )
    def test_named(self, seconds, name):
        assert delay_name(seconds) == name


class TestSweep:
    def test_leak_grows_with_delay_up_to_no_sharing(self, found):
        leaked = [row.leaked.mean for row in found.by_delay]
        assert leaked == sorted(leaked)
        last = found.by_delay[-1]
        assert last.delay_s is None
        assert last.leaked == last.alone
        assert (last.saved.mean, last.blocked_shared, last.blocked_at_door) == (0, 0, 0)

    def test_leak_falls_with_common_infrastructure_and_no_sharing_does_not_care(self, found):
        assert [row.common for row in found.by_share] == [0.0, 0.5, 1.0]
        leaked = [row.leaked.mean for row in found.by_share]
        assert leaked == sorted(leaked, reverse=True)
        assert len({row.alone.mean for row in found.by_share}) == 1
        assert leaked[0] == found.by_share[0].alone.mean

    def test_a_campaign_that_never_returns_leaks_least(self, found):
        hours = [row.respawn_hours for row in found.by_respawn]
        assert hours == [None, (24.0, 24.0), (6.0, 6.0), (1.0, 1.0)]
        leaked = [row.leaked.mean for row in found.by_respawn]
        assert leaked == sorted(leaked)

    def test_providers_add_up(self, found):
        for row in found.by_delay:
            assert sum(each.mean for each in row.by_provider.values()) == pytest.approx(row.leaked.mean)

    def test_poison_hits_without_corroboration_and_not_with(self, found):
        by = {(r.reporters, r.corroboration, r.own_needed): r.accounts_hit.mean for r in found.poison}
        assert by[1, 1, False] == 3 * 40
        assert by[1, 2, False] == by[2, 3, False] == 0
        assert by[2, 2, False] > 0
        assert all(by[reporters, 2, True] == 0 for reporters in (1, 2, 3))

    def test_survives_json(self, found):
        again = msgspec.json.decode(msgspec.json.encode(found), type=type(found))
        assert again == found

    def test_without_a_firm_no_poison(self):
        plain = msgspec.structs.replace(SPLIT, poison=None)
        assert sweep(plain, DETECTOR, Policy(), runs=1, delays=(0.0,), shares=(0.5,)).poison == ()

    @pytest.mark.parametrize("changed", [{"runs": 0}, {"delays": ()}, {"shares": (1.5,)}])
    def test_impossible(self, changed):
        with pytest.raises(UsageError, match="expected at least one run"):
            sweep(SPLIT, DETECTOR, Policy(), **changed)

    def test_progress_is_told_to_its_end(self):
        told = []
        sweep(SPLIT, DETECTOR, Policy(), runs=1, delays=(0.0,), shares=(0.5,), tell=lambda *args: told.append(args))
        assert told[-1] == (6, 6)

    def test_figure(self):
        got = figure([1.0, 2.0, 3.0])
        assert got.mean == 2.0
        assert 1.0 <= got.low < got.high <= 3.0


class TestPictures:
    def test_two_pictures_that_say_what_they_show(self, found, tmp_path):
        pytest.importorskip("matplotlib")
        by_delay, by_common = draw(found, tmp_path)
        assert "propagation delay" in by_delay.read_text()
        assert "no sharing" in by_common.read_text()

    def test_same_figures_same_bytes(self, found, tmp_path):
        pytest.importorskip("matplotlib")
        (tmp_path / "again").mkdir()
        one, two = draw(found, tmp_path), draw(found, tmp_path / "again")
        assert [a.read_bytes() for a in one] == [b.read_bytes() for b in two]

    def test_no_folder_to_write_to(self, found, tmp_path):
        pytest.importorskip("matplotlib")
        with pytest.raises(OutputError, match="cannot write"):
            draw(found, tmp_path / "nowhere")
