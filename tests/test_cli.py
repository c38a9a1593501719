"""The command line: what it computes, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import fastmse as fm
from fastmse.cli.app import run
from fastmse.cli.output import replacing, write_json

DIAMONDS = ("carat", "depth", "table", "x", "y", "z")


def command(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``fastmse`` as a user does, in a process of its own."""
    line = [sys.executable, "-m", "fastmse", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, **options)


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def small_table(n: int = 200) -> pa.Table:
    random = np.random.default_rng(7)
    a, b = random.standard_normal((2, n))
    y = 1 + 2 * a - b + random.standard_normal(n)
    weights = random.integers(0, 4, n)
    return pa.table({"a": a, "b": b, "y": y, "f": 2 * a, "w": weights, "who": ["x"] * n})


@pytest.fixture
def small(tmp_path: Path) -> Path:
    pa_csv.write_csv(small_table(), tmp_path / "small.csv")
    return tmp_path / "small.csv"


class TestFit:
    def test_diamonds_as_statsmodels_and_as_parquet(self, shared: Path, tmp_path: Path) -> None:
        api = pytest.importorskip("statsmodels.api")
        source = shared / "data" / "diamonds.csv"
        table = pa_csv.read_csv(source)
        pq.write_table(table, tmp_path / "d.parquet", row_group_size=10_000)
        results = []
        for path in (source, tmp_path / "d.parquet"):
            options = ("--target", "price", "--features", ",".join(DIAMONDS))
            done = command("fit", path, *options, "--json", tmp_path / "fit.json")
            assert (done.returncode, done.stderr) == (0, "")
            results.append((done.stdout, (tmp_path / "fit.json").read_bytes()))
        assert results[0] == results[1]  # to the last bit

        fit = json.loads(results[0][1])
        X = np.column_stack([table[name].to_numpy() for name in DIAMONDS])
        ols = api.OLS(table["price"].to_numpy(), api.add_constant(X)).fit()
        assert fit["names"] == ["intercept", *DIAMONDS]
        np.testing.assert_allclose(fit["theta"], ols.params, rtol=1e-10)
        np.testing.assert_allclose(fit["stderr"], ols.bse, rtol=1e-10)
        found = [fit[name] for name in ("s2", "sigma2", "r2", "loglik", "aic")]
        expected = [ols.mse_resid, ols.ssr / ols.nobs, ols.rsquared, ols.llf, ols.aic]
        np.testing.assert_allclose(found, expected, rtol=1e-10)

        table_text = results[0][0]
        for value in (*fit["theta"], *fit["stderr"], *found[1:]):
            assert f"{value:#.10g}"[:9] in table_text

    def test_default_features_weights_and_missing_values(
        self, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = small_table()
        holes = table.set_column(0, "a", pa.array([None, *table["a"].to_pylist()[1:]]))
        pa_csv.write_csv(holes, small)
        out = tmp_path / "fit.json"
        options = ["--target", "y", "--weights", "w", "--drop-missing", "--json", str(out)]
        assert run(["fit", str(small), *options]) == 0
        note_skipped, note_dropped = capsys.readouterr().err.splitlines()
        assert "'who' (text, 'x' at row 1 (line 2))" in note_skipped
        assert note_dropped.endswith("1 row was left out for missing values")
        found = json.loads(out.read_text())
        assert found["names"] == ["intercept", "a", "b", "f"]

    def test_weights_equal_repeated_rows(self, small: Path, tmp_path: Path) -> None:
        table = small_table()
        repeated = table.take(np.repeat(np.arange(len(table)), table["w"].to_numpy()))
        pq.write_table(repeated, tmp_path / "r.parquet")
        found = []
        for path, weights in ((small, ["--weights", "w"]), (tmp_path / "r.parquet", [])):
            out = tmp_path / "fit.json"
            options = ["--target", "y", "--features", "a,b", *weights, "--json", str(out)]
            assert run(["fit", str(path), *options]) == 0
            found.append(json.loads(out.read_text()))
        for name in ("theta", "stderr", "sse", "loglik", "aic", "r2"):
            np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-12)

    def test_many_files_equal_one(self, small: Path, tmp_path: Path) -> None:
        table = small_table()
        pq.write_table(table.slice(0, 77), tmp_path / "1.parquet")
        pa_csv.write_csv(table.slice(77), tmp_path / "2.csv")
        outputs = []
        for data in ([small], [tmp_path / "1.parquet", tmp_path / "2.csv"]):
            out = tmp_path / "fit.json"
            options = ["--target", "y", "--features", "a, b", "--no-intercept", "--json", str(out)]
            assert run(["fit", *map(str, data), *options]) == 0
            outputs.append(out.read_bytes())
        assert outputs[0] == outputs[1]
        assert json.loads(outputs[0])["names"] == ["a", "b"]

    def test_ridge_as_from_python(self, small: Path, tmp_path: Path) -> None:
        out = tmp_path / "fit.json"
        options = ["--target", "y", "--features", "a,b", "--l2", "30", "--json", str(out)]
        assert run(["fit", str(small), *options, "--plot", str(tmp_path / "fit.png")]) == 0
        found, table = json.loads(out.read_text()), small_table()
        X = np.column_stack((table["a"], table["b"]))
        fitted = fm.Linear(intercept=True).fit(X, np.asarray(table["y"]), l2=30)
        np.testing.assert_allclose(found["theta"], fitted.theta, rtol=1e-14)
        assert (found["l2"], found["stderr"]) == (30.0, None)

    @pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
    def test_plot(self, suffix: str, small: Path, tmp_path: Path) -> None:
        magic = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
        out = tmp_path / f"fit{suffix}"
        options = ["--target", "y", "--features", "a,b", "--plot", str(out), "--weights", "w"]
        assert run(["fit", str(small), *options]) == 0
        assert out.read_bytes().startswith(magic[suffix])
        assert not list(tmp_path.glob(".*"))


class TestEvaluate:
    def test_is_the_evaluation_from_python(
        self, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = small_table()
        y, f, w = (table[name].to_numpy() for name in ("y", "f", "w"))
        for weights, options in ((None, []), (w, ["--weights", "w"])):
            out = tmp_path / "e.json"
            line = ["evaluate", str(small), "--target", "y", "--prediction", "f", *options]
            assert run([*line, "--json", str(out)]) == 0
            expected = fm.evaluate(y, f, sample_weight=weights, grad=False)
            found = json.loads(out.read_text())
            for name, value in found.items():
                assert value == getattr(expected, name), name
            assert f"{expected.mse:.12g}" in capsys.readouterr().out

    def test_perfect_predictions(self, small: Path, tmp_path: Path) -> None:
        out = tmp_path / "e.json"
        path = write(tmp_path, "y,f\n1,1\n2,2\n")
        line = ["evaluate", str(path), "--target", "y", "--prediction", "f", "--json", str(out)]
        assert run(line) == 0
        assert json.loads(out.read_text())["loglik"] is None

    def test_weights_that_are_all_zero(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = write(tmp_path, "y,f,w\n1,1,0\n2,2,0\n")
        line = ["evaluate", str(path), "--target", "y", "--prediction", "f", "--weights", "w"]
        assert run(line) == 2
        assert one_line(capsys.readouterr().err) == (
            f"fastmse: {path}: column 'w': every weight is 0; nothing to use\n"
        )


class TestOthers:
    def test_info(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["info"]) == 0
        out = capsys.readouterr().out
        for text in ("fastmse", fm.__version__, "instruction set", "OpenMP", "threads", "cuda"):
            assert text in out

    @pytest.mark.parametrize("keep", [False, True])
    def test_demo(
        self,
        keep: bool,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr("fastmse.cli.race.SECONDS", 0.01)
        assert run(["demo", "--rows", "3000", *["--keep"] * keep]) == 0
        out, error = capsys.readouterr()
        assert error == ""
        for text in ("Least squares fit of y", "x20", "of 21 estimates", "NumPy", "Next:"):
            assert text in out
        kept = list(tmp_path.glob("fastmse-demo-*/demo.parquet"))
        assert len(kept) == keep
        if keep:
            assert str(kept[0]) in out.splitlines()[-1]
            assert pq.read_metadata(kept[0]).num_rows == 3000
        else:
            assert not list(tmp_path.iterdir())

    def test_version_and_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["--version"]) == 0
        assert capsys.readouterr().out == f"fastmse {fm.__version__}\n"
        for arguments in ([], ["--help"], ["fit", "-h"]):
            assert run(arguments) == 0
            assert capsys.readouterr().out.startswith("Usage: fastmse")


Y = ["--target", "y"]
GOOD = "a,b,y\n1,2,3\n2,1,4\n3,5,1\n4,4,2\n"
REFUSED = {
    # name: (file's text, arguments after the file, what the line says)
    "no target option": (GOOD, [], r"Missing option '--target'"),
    "missing column": (GOOD, ["--target", "Y"], r"t\.csv: no column 'Y'; did you mean 'y'\?"),
    "missing feature": (GOOD, [*Y, "--features", "a,c"], r"no column 'c'; "),
    "text feature": (
        "a,t,y\n1,red,2\n",
        [*Y, "--features", "a,t"],
        r"t\.csv: column 't' is not numeric but text, 'red' at row 1 \(line 2\)",
    ),
    "text target": ("a,y\n1,red\n", Y, r"column 'y' is not numeric but text, 'red' at row 1"),
    "missing value": (
        "a,y\n1,2\n,3\n4,4\n",
        Y,
        r"t\.csv: column 'a', row 2 \(line 3\): the value is missing; .*--drop-missing",
    ),
    "infinite value": ("a,y\n1,2\n-inf,3\n", Y, r"column 'a', row 2 .*the value is -inf"),
    "negative weight": (
        "a,w,y\n1,1,1\n1,-2,3\n",
        [*Y, "--weights", "w"],
        r"column 'w', row 2 \(line 3\): the weight is -2",
    ),
    "constant column": (
        "a,one,y\n1,1,2\n2,1,4\n3,1,3\n4,1,9\n",
        Y,
        r"column 'one' is constant, always 1.*--no-intercept",
    ),
    "few rows": ("a,b,y\n1,2,3\n4,3,8\n", Y, r"2 rows cannot determine 3 parameters"),
    "zero weights": (
        "a,w,y\n1,0,2\n2,0,3\n",
        [*Y, "--weights", "w"],
        r"t\.csv: column 'w': every weight is 0",
    ),
    "header only": ("a,y\n", Y, r"no rows"),
    "empty file": ("", Y, r"t\.csv: the file is empty"),
    "ragged": ("a,y\n1,2\n3\n", Y, r"line 3 has 1 cell where line 1 names 2 columns"),
    "duplicate names": ("a,a,y\n1,2,3\n", Y, r"more than one column is named 'a'"),
    "target among features": (GOOD, [*Y, "--features", "a,y"], r"'y' is used twice"),
    "empty feature": (GOOD, [*Y, "--features", "a,,b"], r"holds an empty name"),
    "no threads": (GOOD, [*Y, "--threads", "0"], r"--threads"),
    "negative penalty": (GOOD, [*Y, "--l2", "-1"], r"--l2"),
    "penalty of nan": (GOOD, [*Y, "--l2", "nan"], r"l2: got nan; want a finite number >= 0"),
    "no json folder": (GOOD, [*Y, "--json", "none/f.json"], r"--json: there is no folder"),
    "json is a folder": (GOOD, [*Y, "--json", "."], r"--json: '\.' is a folder"),
    "json is the data": (GOOD, [*Y, "--json", "t.csv"], r"--json: 't\.csv' is the data itself"),
    "plot format": (GOOD, [*Y, "--plot", "f.doc"], r"--plot: 'f\.doc' must end in \.png"),
    "too large": ("a,y\n1,2\n2,1e308\n3,-1e308\n", Y, r"the squares of 'y' .* overflow"),
}


def one_line(error: str) -> str:
    """Check the promise on every refusal: one line, no traceback."""
    assert error.startswith("fastmse: ")
    assert error.endswith("\n")
    assert error.count("\n") == 1, error
    return error


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_bad_input(
        self,
        case: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        text, options, message = REFUSED[case]
        write(tmp_path, text)
        monkeypatch.chdir(tmp_path)
        outputs = [] if {"--json", "--plot"} & set(options) else ["--json", "out.json"]
        assert run(["fit", "t.csv", *options, *outputs]) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert re.search(message, one_line(error)), error
        assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]  # nothing half-written
        assert (tmp_path / "t.csv").read_text() == text

    def test_the_same_from_a_process(self, tmp_path: Path) -> None:
        pq.write_table(small_table(), tmp_path / "cut.parquet")
        data = (tmp_path / "cut.parquet").read_bytes()
        (tmp_path / "cut.parquet").write_bytes(data[:-100])
        write(tmp_path, GOOD, "a.csv")
        write(tmp_path, "a,y\n1,2\n", "b.csv")
        for files, message in {
            ("none.csv",): r"none\.csv: there is no such file",
            ("cut.parquet",): r"cut\.parquet: cannot be read as Parquet",
            ("a.csv", "b.csv"): r"a\.csv and b\.csv disagree: only the first has column 'b'",
        }.items():
            done = command("fit", *files, *Y, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, "")
            assert re.search(message, one_line(done.stderr)), done.stderr

    @pytest.mark.parametrize(
        ("variable", "value"), [("FASTMSE_NUM_THREADS", "none"), ("FASTMSE_ISA", "mmx")]
    )
    def test_settings(self, variable: str, value: str, small: Path) -> None:
        environment = {**os.environ, variable: value}
        done = command("evaluate", small, *Y, "--prediction", "f", env=environment)
        assert (done.returncode, done.stdout) == (2, "")
        assert variable in one_line(done.stderr)

    @pytest.mark.parametrize("module", ["click", "pyarrow", "tqdm"])
    def test_extras_that_are_missing(self, module: str, small: Path) -> None:
        code = (
            f"import sys; sys.modules[{module!r}] = None; from fastmse.cli import main; "
            f"main(['evaluate', {str(small)!r}, '--target', 'y', '--prediction', 'f'])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 2
        assert module in one_line(done.stderr)
        assert 'pip install "fastmse[cli]"' in done.stderr


class TestEndings:
    def test_interrupt(self, tmp_path: Path) -> None:
        line = [sys.executable, "-m", "fastmse", "demo", "--rows", "100000000"]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Writing")  # it works now
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert (process.returncode, error) == (130, "")
        assert not list(tmp_path.glob("fastmse-demo-*"))

    def test_pandas_is_not_imported(self, small: Path) -> None:
        """Arrow does so in passing: 0.3 s in which an interrupt is lost."""
        code = (
            "import sys; from fastmse.cli.app import run; "
            f"code = run(['fit', {str(small)!r}, '--target', 'y', '--features', 'a,b']); "
            "sys.exit(code + ('pandas' in sys.modules) + ('matplotlib' in sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    def test_reader_that_goes_away(self, small: Path) -> None:
        line = f"'{sys.executable}' -m fastmse fit '{small}' --target y --features a,b"
        shell = f"{{ {line}; echo code $? >&2; }} | true"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
        assert done.stderr in {"code 141\n", "code 0\n"}

    def test_files_are_replaced_whole_or_not_at_all(self, tmp_path: Path) -> None:
        path = write(tmp_path, "old", "f.json")
        with contextlib.suppress(KeyboardInterrupt), replacing(str(path)) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(str(path), {"x": float("nan")})
        assert path.read_text() == "old"
        write_json(str(path), {"x": 0.1})
        assert json.loads(path.read_text()) == {"x": 0.1}
        assert list(tmp_path.iterdir()) == [path]
        assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
