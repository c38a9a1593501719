"""The report shows each target beside its figure, marks what misses, and is what its JSON says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("suite")


def record(group: str, name: str, threads: int = 1, **more: Any) -> dict[str, Any]:
    """A work at the speed of its roof, or as `ours` says."""
    seconds = {"roof": 1.0, "floor": 0.1, "ours": 1.0, **more.pop("seconds", {})}
    facts = {"n": 10, "d": 8, "K": 1, "dtype": "float64", "bytes": 10**9}
    errors = {"ours": {"mse": 0.25, "grad": 1.5}}
    return {"group": group, "name": name, "threads": threads, **facts, "seconds": seconds,
            "errors": errors, **more}  # fmt: skip


def run_of(*records: dict[str, Any]) -> dict[str, Any]:
    from benchmarks.machine import describe
    from benchmarks.options import Options

    return {
        "command": "python -m benchmarks",
        "date": "2000-01-01",
        "options": Options().as_json(),
        "machine": describe(),
        "records": {str(k): r for k, r in enumerate(records)},
    }


def row_of(page: str, start: str) -> str:
    """The first line of a table that starts so."""
    return next(line for line in page.splitlines() if line.startswith(f"| {start}"))


def test_what_misses_is_marked_and_what_reaches_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import explanations, report

    monkeypatch.setattr(explanations, "load", dict)
    narrow = [record("C order", f"d = {d}", d=d, seconds={"ours": s}) for d, s in ((8, 1), (50, 2))]
    page = report.page(run_of(*narrow))
    assert "≥ 0.9: 0.50 (d = 50), 1 of 2 reach it **miss**" in row_of(page, "`Linear.evaluate`, C")
    assert row_of(page, "d = 8 |") == "| d = 8 | 1 | 1.0 | 1.00 (≥ 0.9) | 0.10 | 0.25 | 1.50 |"
    assert "0.50 (≥ 0.9) **miss**" in row_of(page, "d = 50 |")
    assert "1 thread: 0.50 (d = 50). *not explained yet*" in page


def test_a_miss_is_explained_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import explanations, summary

    monkeypatch.setattr(explanations, "load", lambda: {"c-narrow": "Because."})
    missed = record("C order", "d = 8", seconds={"ours": 2.0})
    (line,) = summary.misses([missed])
    assert line.endswith("*Because.*")


def test_of_many_misses_the_worst_five_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import explanations, summary

    monkeypatch.setattr(explanations, "load", dict)
    slow = [record("C order", f"d = {d}", 2, d=d, seconds={"ours": 2.0 + d}) for d in range(8, 16)]
    lines = list(summary.misses([record("F order", "d = 9", seconds={"numba": 1.5}), *slow]))
    roof = next(line for line in lines if line.startswith("- `Linear.evaluate`, C order, d ≤ 512"))
    assert "2 threads: 0.06 (d = 15), 0.06 (d = 14), " in roof
    assert "0.08 (d = 11), and 3 more. *" in roof
    (numba,) = (line for line in lines if line.startswith("- Numba"))
    assert numba.endswith("1 thread: 1.50 (F order, d = 9). *not explained yet*")


def test_a_table_aligns_numbers_and_leaves_out_what_is_empty() -> None:
    from benchmarks import markdown

    found = markdown.table(
        ["work", "n", "s", "no"], [["a", "1,000", "1 (x)", ""], ["b", "", "2", ""]]
    )
    assert found == [
        "| work | n | s |",
        "| --- | ---: | --- |",
        "| a | 1,000 | 1 (x) |",
        "| b |  | 2 |",
    ]


def test_explanations_are_of_targets() -> None:
    from benchmarks import explanations
    from benchmarks.targets import TARGETS

    keys = [target.key for target in TARGETS]
    assert len(set(keys)) == len(keys)
    assert set(explanations.load()) <= set(keys)


def test_bounds_hold_at_the_bound_and_by_threads() -> None:
    from benchmarks.targets import TARGETS

    wide = next(target for target in TARGETS if target.key == "c-wide")
    at = [record("C order", "d = 1000", n, d=1000, seconds={"ours": 1 / 0.72}) for n in (1, 2, 4)]
    assert [wide.reached(r) for r in at] == [True, False, False]
    assert not wide.concerns(record("C order", "d = 512", d=512))
    thetas = next(target for target in TARGETS if target.key == "thetas")
    slow = record("thetas", "4 thetas, d = 50", 2, seconds={"twin": 0.5})
    assert [thetas.reached(slow), thetas.says(2)] == [False, "≤ 1.5"]
    assert thetas.reached(record("thetas", "4 thetas, d = 50", 2)) is None


def test_an_exempt_miss_is_no_miss() -> None:
    from benchmarks import details, summary

    slow = record("predictions", "value + gradient", seconds={"ours": 0.5, "numba": 2.0})
    assert details.judged(slow, "Numba's time over Cython's") == "4.00 (≤ 1.25) (exempt)"
    assert any("exempt:" in line for line in summary.misses([slow]))


def test_what_was_left_out_is_said() -> None:
    from benchmarks import report

    left_out = {"group": "table", "name": "d = 8", "threads": 1, "skipped": "no tables"}
    page = report.page(run_of(left_out))
    assert "- table: skipped, no tables." in page
    assert "≥ 0.75: skipped" in row_of(page, "`Linear.evaluate`, a table's own columns")
    assert "≥ 0.95: not measured" in row_of(page, "predictions, value |")


def test_memory_is_judged_beyond_what_is_granted() -> None:
    from benchmarks.ratios import megabytes
    from benchmarks.targets import targets_of

    state = record("memory", "C", 2, d=10_000, peak=64 * 2 * 10_000 + 8_000_000)
    assert megabytes(state) == 8
    (target,) = targets_of(state)
    assert target.reached(state)
    assert not target.reached({**state, "peak": state["peak"] + 1})
    assert megabytes({**state, "peak": 0}) == 0


def test_every_target_is_about_something_that_is_measured() -> None:
    from benchmarks import fits, plan
    from benchmarks.cases import cases
    from benchmarks.options import Options
    from benchmarks.targets import TARGETS

    heads = [{"group": c.group, "name": c.name, "threads": 2} for c in cases()]
    keys = [step.key for step in plan.steps(Options())]
    for group in ("cache", "latency", "memory", "fit memory", "nonlinear fit", "fit_many",
                  "first fit", "nonlinear memory"):  # fmt: skip
        names = [key.removeprefix(f"{group}: ") for key in keys if key.startswith(f"{group}: ")]
        heads += [{"group": group, "name": name, "threads": 2} for name in names]
    heads += [{"group": "fits", "name": fits.name_of(p), "threads": 2} for p in fits.problems()]
    idle = [t.key for t in TARGETS if not any(t.concerns(head) for head in heads)]
    assert idle == []
    assert len(set(keys)) == len(keys)


def test_the_pages_are_what_the_json_says(root: Path) -> None:
    from benchmarks import readme, records, report

    run = records.load(root / "docs" / "benchmarks.json")
    command = "run `python -m benchmarks --render`"
    page = (root / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert page == report.page(run), command
    front = (root / "README.md").read_text(encoding="utf-8")
    assert front == readme.updated(front, run), command
    assert readme.block(run) in front


def test_a_changed_number_changes_the_pages(root: Path) -> None:
    from benchmarks import readme, records, report

    run = records.load(root / "docs" / "benchmarks.json")
    before = report.page(run), readme.block(run)
    run["records"]["C order: d = 8, 2 threads"]["seconds"]["ours"] *= 3
    assert before[0] != report.page(run)
    assert before[1] != readme.block(run)


def test_a_readme_without_markers_is_refused(root: Path) -> None:
    from benchmarks import readme, records

    run = records.load(root / "docs" / "benchmarks.json")
    with pytest.raises(ValueError, match="no <!-- benchmarks: begin"):
        readme.updated("nothing here", run)


@pytest.mark.slow
def test_figures_are_the_same_for_the_same_records(root: Path, tmp_path: Path) -> None:
    from benchmarks import figures, records

    run = records.load(root / "docs" / "benchmarks.json")
    for folder in ("a", "b"):
        figures.write(run, tmp_path / folder)
    for name in figures.FILES:
        drawn = (tmp_path / "a" / name).read_bytes()
        assert drawn == (tmp_path / "b" / name).read_bytes()
        assert (root / "docs" / "figures" / name).exists()
    assert set(figures.FILES) == set(figures.DRAWN)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A checkout without a report."""
    from benchmarks import readme

    (tmp_path / "README.md").write_text(f"before\n{readme.BEGIN}\n{readme.END}\nafter\n")
    return tmp_path


TINY = ["--mib", "0.005", "--rounds", "1"]


def test_a_run_is_measured_saved_and_rendered(empty: Path) -> None:
    from benchmarks import __main__ as command

    command.main([*TINY, "--only", "order: d = 16,|latency: mse, n = 10$"], empty)
    run = json.loads((empty / "docs" / "benchmarks.json").read_text())
    assert list(run["records"]) == [
        *(f"{order} order: d = 16, {n}" for order in "CF" for n in ("1 thread", "2 threads")),
        "latency: mse, n = 10",
    ]
    for found in run["records"].values():
        assert all(seconds > 0 for seconds in found["seconds"].values())
    page = (empty / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "\n| d = 16 | 2 |" in page
    front = (empty / "README.md").read_text(encoding="utf-8")
    assert front.startswith("before\n")
    assert front.endswith("after\n")
    assert "docs/figures/roof.svg" in front
    assert len(list((empty / "docs" / "figures").glob("*.svg"))) == 4


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of steps, which cost nothing, as they are measured; "c" ends the run.

    No figure is drawn.
    """
    from benchmarks import figures, plan

    keys: list[str] = []

    def step(key: str) -> dict[str, Any]:
        keys.append(key)
        if keys == ["a", "b", "c"]:
            raise KeyboardInterrupt
        return record("C order", "d = 8")

    steps = [plan.Step(key, lambda key=key: step(key)) for key in "abcd"]
    monkeypatch.setattr(plan, "steps", lambda options: iter(steps))
    monkeypatch.setattr(figures, "write", lambda run, folder: None)
    return keys


def test_a_run_that_was_cut_goes_on(empty: Path, measured: list[str]) -> None:
    from benchmarks import __main__ as command

    with pytest.raises(KeyboardInterrupt):
        command.main(TINY, empty)
    command.main([*TINY, "--resume"], empty)
    assert measured == ["a", "b", "c", "c", "d"]
    command.main([*TINY, "--only", "b"], empty)
    assert measured[5:] == ["b"]
    run = json.loads((empty / "docs" / "benchmarks.json").read_text())
    assert len(run["records"]) == 4
    assert run["command"] == "python -m benchmarks --mib 0.005 --rounds 1"


def test_runs_of_other_options_do_not_mix(empty: Path, measured: list[str]) -> None:
    from benchmarks import __main__ as command

    command.main([*TINY, "--only", "d", "--threads", "1", "2"], empty)
    run = json.loads((empty / "docs" / "benchmarks.json").read_text())
    assert run["command"] == "python -m benchmarks --mib 0.005 --rounds 1 --threads 1 2"
    with pytest.raises(SystemExit, match=r"measured with mib 0\.005, now 16; rounds 1, now 3; "):
        command.main(["--quick", "--resume"], empty)
    assert measured == ["d"]


@pytest.mark.parametrize(("package", "option"), [("numba", "--resume"), ("narwhals", "--only=d")])
def test_runs_of_other_versions_do_not_mix(
    empty: Path, measured: list[str], package: str, option: str
) -> None:
    from benchmarks import __main__ as command

    command.main([*TINY, "--only", "d"], empty)
    path = empty / "docs" / "benchmarks.json"
    run = json.loads(path.read_text())
    now = run["machine"]["versions"][package]
    run["machine"]["versions"][package] = "0.1"
    path.write_text(json.dumps(run))
    with pytest.raises(SystemExit, match=rf"measured with {package} 0\.1, now {now}\. Measure"):
        command.main([*TINY, option], empty)
    assert measured == ["d"]


def test_versions_are_of_what_runs() -> None:
    import numba

    from benchmarks import machine

    found = machine.versions()
    assert found["numba"] == numba.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["Cython"])
    assert machine.version_of("no-such-package") == "not installed"


def test_rendering_measures_nothing(empty: Path, measured: list[str]) -> None:
    from benchmarks import __main__ as command

    command.main([*TINY, "--only", "d"], empty)
    (empty / "docs" / "benchmarks.md").unlink()
    command.main(["--render"], empty)
    assert measured == ["d"]
    assert (empty / "docs" / "benchmarks.md").exists()


@pytest.mark.slow  # everything, once, with every library that is installed
@pytest.mark.filterwarnings("ignore")  # theirs
def test_a_quick_run_of_everything(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import __main__ as command
    from benchmarks import memory
    from benchmarks.options import Options
    from benchmarks.rivals import RIVALS

    monkeypatch.setattr(memory, "LAYOUTS", ["F"])
    monkeypatch.setattr(Options, "memory_values", 100_000)
    command.main(["--quick", *TINY], empty)
    run = json.loads((empty / "docs" / "benchmarks.json").read_text())
    groups = {found["group"] for found in run["records"].values()}
    assert groups == {"predictions", "C order", "F order", "table", "weights", "dtypes", "thetas",
                      "fits", "cache", "latency", "memory", "fit memory", "nonlinear",
                      "nonlinear fit", "fit_many", "first fit", "nonlinear memory"}  # fmt: skip
    timed = run["records"]["predictions: value, 2 threads"]["seconds"]
    assert {name for name, rival in RIVALS.items() if not rival.missing()} <= set(timed)
