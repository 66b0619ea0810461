"""`make verify` runs its parts, keeps what has passed, and never takes the result of another tree for this one's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.workflows.maketargets import TARGETS
from tools import verify

COMMIT = "0123456789abcdef"


@pytest.fixture
def make(tmp_path: Path) -> list[str]:
    """In the place of make: notes the part, and fails if there is a file of its name."""
    script = tmp_path / "make"
    script.write_text(f'echo "$1" >> {tmp_path}/ran; echo "output of $1"; test ! -e {tmp_path}/broken-$1\n')
    return ["sh", str(script)]


@pytest.fixture(autouse=True)
def commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "state", lambda: COMMIT)


def ran(folder: Path) -> list[str]:
    """Which parts ran since the last question."""
    notes = folder / "ran"
    parts = notes.read_text().split() if notes.exists() else []
    notes.unlink(missing_ok=True)
    return parts


def test_each_part_is_a_target_of_make() -> None:
    assert set(verify.PARTS) <= TARGETS


def test_a_failure_stops_no_other_part_and_only_it_is_run_again(
    tmp_path: Path, make: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken-b").touch()
    assert verify.verify(["abc"], folder=tmp_path, make=make) == 1
    assert ran(tmp_path) == ["a", "b", "c"]
    said = capsys.readouterr().out
    assert "output of b" in said
    (line,) = [line for line in said.splitlines() if line.startswith("b ")]
    assert line.split()[1] == "failed"
    assert Path(line.split()[3]).read_text() == "output of b\n"

    (tmp_path / "broken-b").unlink()
    assert verify.verify(["abc"], folder=tmp_path, make=make) == 0
    assert ran(tmp_path) == ["b"]
    assert f"make a has passed at {COMMIT[:7]}" in capsys.readouterr().out


def test_what_a_part_did_not_run_is_seen_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of which nearly all was skipped has passed, as make sees it."""
    script = tmp_path / "make"
    lines = (
        "793 passed in 345.04s (0:05:45)",
        "9 passed, 14 skipped in 61.5s",
        "=== 1 failed, 2 passed in 3.1s ===",
        "3 passed by",
    )
    script.write_text("".join(f"echo '{line}'\n" for line in lines))
    assert verify.verify(["a"], folder=tmp_path, make=["sh", str(script)]) == 0
    head, line = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("PART", "a ")))
    assert (head[3:5], line[3:]) == (["TESTS", "SKIPPED"], ["804", "14"])
    (kept,) = verify.Record(tmp_path)
    assert (kept.tests, kept.skipped) == (804, 14)


def test_all_run_again_where_that_is_asked(tmp_path: Path, make: list[str]) -> None:
    for _ in range(2):
        assert verify.verify(["ab"], folder=tmp_path, make=make, again=True) == 0
        assert ran(tmp_path) == ["a", "b"]


def test_rows_run_side_by_side_and_each_in_its_order(
    tmp_path: Path, make: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first part of each row ends only once the other has begun."""
    script = tmp_path / "make"
    script.write_text(
        f"cd {tmp_path}; touch $1; for _ in $(seq 400); do test -e a -a -e c && exit 0; sleep 0.05; done; exit 1\n"
    )
    assert verify.verify(["ab", "cd"], folder=tmp_path, make=make) == 0
    lines = [line.split(" | ")[1] for line in capsys.readouterr().out.splitlines() if " | == make" in line]
    ends = [line.split()[2] for line in lines]
    assert sorted(ends) == ["a", "b", "c", "d"]
    assert ends.index("a") < ends.index("b")
    assert ends.index("c") < ends.index("d")
    assert {outcome.part for outcome in verify.Record(tmp_path)} == set("abcd")


def test_a_part_of_any_row_that_fails_fails_the_whole(tmp_path: Path, make: list[str]) -> None:
    (tmp_path / "broken-c").touch()
    assert verify.verify(["ab", "cd"], folder=tmp_path, make=make) == 1
    assert sorted(ran(tmp_path)) == ["a", "b", "c", "d"]


def test_one_by_one_there_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[list[str]]] = []
    monkeypatch.setattr(verify, "verify", lambda rows, **more: asked.append(rows))
    verify.main(["--one-by-one", "node", "test", "argocd"])
    verify.main(["node", "test", "argocd"])
    verify.main(["node"])
    assert asked == [[["test", "node", "argocd"]], [["test"], ["node", "argocd"]], [["node"]]]


@pytest.mark.parametrize("other", ["fedcba9876543210", ""], ids=["another commit", "a changed file"])
def test_what_passed_on_another_tree_is_run(
    tmp_path: Path, make: list[str], monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    verify.verify(["a"], folder=tmp_path, make=make)
    ran(tmp_path)
    monkeypatch.setattr(verify, "state", lambda: other)
    for _ in range(1 if other else 2):
        verify.verify(["a"], folder=tmp_path, make=make)
        assert ran(tmp_path) == ["a"]


@pytest.mark.parametrize("text", ["", "[", '[{"part": "a"}]', "{}"])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, make: list[str], text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    assert verify.verify(["a"], folder=tmp_path, make=make) == 0
    assert ran(tmp_path) == ["a"]


def test_a_part_that_is_none_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verify.main(["tset"])
    assert "tset is none of the parts: test, namespaced" in capsys.readouterr().err


def test_a_changed_file_is_another_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(verify, "ROOT", tmp_path)
    assert verify.state() == ""
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "a", "--allow-empty"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert len(verify.state()) == 40
    (tmp_path / "new").touch()
    assert verify.state() == ""
