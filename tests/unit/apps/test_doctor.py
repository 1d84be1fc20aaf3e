from __future__ import annotations

from types import SimpleNamespace

import pytest

from stillwatch.apps import doctor


def test_a_machine_that_runs_the_tests_can_hunt(tmp_path):
    examination = doctor.examine(tmp_path)
    assert examination.healthy
    assert "stillwatch hunt" in examination.next
    names = [check.name for check in examination.checks]
    assert {
        "python",
        "duckdb",
        "numpy",
        "static table",
        "memory",
        "processors",
        "temporary files",
        "disk",
        "extra plots",
    } <= set(names)


def test_a_missing_library_fails_with_a_remedy(monkeypatch, tmp_path):
    (check,) = doctor.libraries(["no-such-distribution-anywhere"])
    assert (check.state, check.found) == ("fail", "missing")
    assert check.remedy
    monkeypatch.setattr(doctor, "libraries", lambda: [check])
    examination = doctor.examine(tmp_path)
    assert not examination.healthy
    assert examination.next.startswith("Mend this first: no-such-distribution-anywhere")


def test_the_tables_digest_changes_with_its_bytes(monkeypatch, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    monkeypatch.setattr(doctor.resources, "files", lambda _package: tmp_path)
    assert doctor.static_table().found == "missing"
    (folder / "vectors.npy").write_bytes(b"one")
    first = doctor.static_table()
    assert first.state == "ok"
    (folder / "vectors.npy").write_bytes(b"two")
    assert doctor.static_table().found != first.found


def test_a_missing_table_is_a_weaker_run_and_no_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.resources, "files", lambda _package: tmp_path)
    check = doctor.static_table()
    assert check.state == "note"
    assert "n-grams" in check.remedy


@pytest.mark.parametrize(("available", "state"), [(64 * doctor.GIB, "ok"), (doctor.GIB, "note"), (None, "note")])
def test_memory(available, state):
    assert doctor.memory(available).state == state


def test_memory_is_read_as_linux_tells_it(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 2000 kB\nMemAvailable:    1000 kB\n")
    assert doctor.memory_of_machine(tmp_path / "meminfo") == 1_024_000
    (tmp_path / "meminfo").write_text("nonsense\n")
    assert doctor.memory_of_machine(tmp_path / "meminfo") is None
    assert doctor.memory_of_machine(tmp_path / "nothing") is None


def test_a_temporary_folder_that_is_not_there_fails(tmp_path):
    (check,) = doctor.temporary(tmp_path / "nothing")
    assert check.state == "fail"
    assert "TMPDIR" in check.remedy


def test_a_small_disk_is_noted(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1))
    assert [check.state for check in doctor.temporary(tmp_path)] == ["ok", "note"]
