"""Formulas on the command line: what is fitted, drawn and refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import fastmse as fm
from fastmse.cli.app import run
from fastmse.cli.model_fit import in_memory
from fastmse.sources import open_source

MISRA = """\
y,x
10.07,77.6
14.73,114.9
17.94,141.1
23.93,190.8
29.61,239.9
35.18,289.0
40.02,332.8
44.82,378.4
50.76,434.8
55.05,477.3
61.01,536.8
66.40,593.1
75.47,689.1
81.78,760.0
"""
"NIST's Misra1a."
MODEL = "b1*(1-exp(-b2*x))"
START = "b1=500,b2=1e-4"
CERTIFIED = {"theta": [2.3894212918e02, 5.5015643181e-04]}
CERTIFIED["stderr"] = [2.7070075241, 7.2668688436e-06]
DATA = np.array([line.split(",") for line in MISRA.split()[1:]], dtype=float)


@pytest.fixture
def misra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "misra.csv").write_text(MISRA)
    return tmp_path / "misra.csv"


def fitted(*arguments: object, path: object = "misra.csv") -> dict[str, Any]:
    """The JSON of a fit of `MODEL` from `START`."""
    line = ["fit", path, "--target", "y", "--model", MODEL, "--start", START, *arguments]
    assert run([*map(str, line), "--json", "fit.json"]) == 0
    return json.loads(Path("fit.json").read_text())


class TestFit:
    def test_the_certified_digits_and_what_python_gives(
        self, misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = fitted()
        for name, values in CERTIFIED.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-10)  # of 11 digits certified
        model = fm.Expression(MODEL, ["b1", "b2"])
        same = model.fit(DATA[:, 1], DATA[:, 0], {"b1": 500, "b2": 1e-4})
        assert found == same.to_dict()
        out, error = capsys.readouterr()
        assert out.startswith(f"y = {MODEL} + Gaussian noise\nLeast squares fit of y")
        assert out.endswith(same.summary() + "\n")
        assert error == ""

    def test_parquet_equals_csv(self, misra: Path) -> None:
        pq.write_table(pa_csv.read_csv(misra), "misra.parquet", row_group_size=5)
        assert fitted(path="misra.parquet") == fitted()

    def test_parameters_come_in_the_order_of_the_start(self, misra: Path) -> None:
        line = ["--model", MODEL, "--start", "b2=1e-4, b1 = 500", "--json", "fit.json"]
        assert run(["fit", "misra.csv", "--target", "y", *line]) == 0
        found = json.loads(Path("fit.json").read_text())
        assert found["names"] == ["b2", "b1"]
        np.testing.assert_allclose(found["theta"], CERTIFIED["theta"][::-1], rtol=1e-10)

    def test_bounds(self, misra: Path) -> None:
        held = fitted("--bounds", "b1=600:,b2=:1", "--start", "b1=700,b2=1e-4")
        assert held["theta"][0] == 600
        assert held["stderr"][0] is None
        assert "held by a bound: 'b1' at 600" in held["message"]
        free = fitted("--bounds", "b1=0:1000,b2=0:")
        np.testing.assert_allclose(free["theta"], CERTIFIED["theta"], rtol=1e-10)

    def test_weights_and_missing_values(
        self, misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        times = np.arange(len(DATA)) % 3
        rows = [f"{y},{x},{w},?" for (y, x), w in zip(DATA, times, strict=True)]
        misra.write_text("\n".join(["y,x,w,why", *rows, ",1,1,no y"]))
        weighted = fitted("--weights", "w", "--drop-missing")
        assert capsys.readouterr().err.splitlines() == [
            "fastmse: note: 1 row was left out for missing values"
        ]
        repeated = np.repeat(DATA, times, axis=0)
        misra.write_text("\n".join(["y,x", *(f"{y},{x}" for y, x in repeated)]))
        whole = fitted()
        for name in ("theta", "stderr", "sse", "loglik", "r2"):
            np.testing.assert_allclose(weighted[name], whole[name], rtol=1e-9)

    def test_what_does_not_converge_is_told_and_no_error(
        self, misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = fitted("--max-iter", "2")
        assert found["converged"] is False
        out, error = capsys.readouterr()
        assert re.search(r"not converged\b.*\n(.*\n)*note: not converged after 2 steps", out)
        assert error == ""

    def test_a_parameter_with_the_name_of_a_column(
        self, misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = pa.table({"y": DATA[:, 0], "x": DATA[:, 1], "b1": DATA[:, 0]})
        pa_csv.write_csv(table, misra)
        np.testing.assert_allclose(fitted()["theta"], CERTIFIED["theta"], rtol=1e-10)
        assert "'b1' is a parameter, as --start says" in capsys.readouterr().err

    def test_rows_of_many_blocks(self, tmp_path: Path) -> None:
        values = np.random.default_rng(3).standard_normal((300_000, 4))
        np.save(tmp_path / "a.npy", values)
        path = str(tmp_path / "a.npy")
        rows = open_source([path], target="x1", features=["x3", "x0"], weights=None)
        X, y, w = in_memory(rows, 2)
        assert X.flags.f_contiguous
        np.testing.assert_array_equal(np.column_stack((X, y)), values[:, [3, 0, 1]])
        assert w is None


class TestPlot:
    @pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
    def test_one_variable(self, suffix: str, misra: Path) -> None:
        magic = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
        fitted("--plot", f"fit{suffix}")
        assert Path(f"fit{suffix}").read_bytes().startswith(magic[suffix])

    def test_the_curve_and_its_band(self, misra: Path) -> None:
        from matplotlib.figure import Figure

        from fastmse.cli.curve import draw_model
        from fastmse.cli.sample import Sample
        from fastmse.sources.rows import Block

        sample = Sample(1)
        sample.see(Block(DATA[:, 1:], DATA[:, 0], None))
        fit = fm.Expression(MODEL, ["b1", "b2"]).fit(DATA[:, 1], DATA[:, 0], [500, 1e-4])
        axes = Figure().subplots()
        draw_model(axes, fit, sample, ("x",), MODEL)
        x, curve = axes.lines[0].get_data()
        np.testing.assert_array_equal(x[[0, -1]], DATA[[0, -1], 1])
        np.testing.assert_array_equal(curve, fit.predict(x))
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels == ["fit", "95 % confidence band of the mean"]

    def test_several_variables_without_standard_errors(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a, b = np.random.default_rng(5).uniform(1, 2, (2, 50))
        pq.write_table(pa.table({"a": a, "b": b, "y": a * b}), tmp_path / "t.parquet")
        line = ["fit", "t.parquet", "--target", "y", "--plot", "fit.png"]
        monkeypatch.chdir(tmp_path)
        assert run([*line, "--model", "k*q*a*b**m", "--start", "k=1,q=2,m=2"]) == 0
        assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")


class TestEvaluate:
    def test_a_model_at_its_parameters(
        self, misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        theta = "b1=238.94212918,b2=5.5015643181e-04"
        line = ["evaluate", "misra.csv", "--target", "y", "--model", MODEL, "--theta", theta]
        assert run([*line, "--json", "e.json"]) == 0
        found = json.loads(Path("e.json").read_text())
        model = fm.Expression(MODEL, ["b1", "b2"])
        at = model.evaluate(DATA[:, 1], DATA[:, 0], CERTIFIED["theta"], grad=False)
        assert found["sse"] == pytest.approx(at.sse, rel=1e-15)
        assert found["sse"] == pytest.approx(1.2455138894e-01, rel=1e-10)
        assert capsys.readouterr().out.startswith(f"Predictions of y by {MODEL}\n")

    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["--prediction", "x", "--model", MODEL],
            ["--model", MODEL],
            ["--theta", "b1=1"],
            ["--prediction", "x", "--theta", "b1=1"],
        ],
    )
    def test_one_of_both(
        self, options: list[str], misra: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["evaluate", "misra.csv", "--target", "y", *options]) == 2
        assert "either --prediction, or --model and --theta" in capsys.readouterr().err


ODD = "y,x,flow rate,exp,who\n1,2,3,4,a\n2,3,5,4,b\n4,1,2,1,c\n"
LINE = ["--model", "a*x", "--start", "a=1"]
REFUSED = {
    # name: (arguments, what the line says)
    "no start": (["--model", "a*x"], r"--model needs --start"),
    "start without model": (["--start", "a=1"], r"--start belongs to a --model"),
    "bounds without model": (["--bounds", "a=1:"], r"--bounds belongs to a --model"),
    "features": ([*LINE, "--features", "x"], r"--features belongs to the linear model"),
    "penalty": ([*LINE, "--l2", "0"], r"--l2 belongs to the linear model"),
    "no intercept": ([*LINE, "--no-intercept"], r"--no-intercept belongs to the linear model"),
    "unknown name": (
        ["--model", "a*exp(-b*z)", "--start", "a=1,b=2"],
        r"--model: 'z' is neither a parameter \(a, b\) nor a column; columns are 'x', 'who'; "
        r"a formula cannot name 'flow rate', 'exp': .* \(at character 10: 'z\)'\)",
    ),
    "near name": (["--model", "a*X", "--start", "a=1"], r"nor a column; did you mean 'x'\?"),
    "odd name": (
        ["--model", "a*flow rate", "--start", "a=1"],
        r"cannot name 'flow rate': rename .* \(at character 8: 'rate'\)",
    ),
    "a function's name": (["--model", "a*exp", "--start", "a=1"], r"exp is a function; .*'exp': r"),
    "target as variable": (["--model", "a*y", "--start", "a=1"], r"'y' is the target; use other"),
    "target as parameter": (["--model", "y*x", "--start", "y=1"], r"--start: 'y' is the target"),
    "text column": (["--model", "a*who", "--start", "a=1"], r"'who' is not numeric but text"),
    "no column": (["--model", "a", "--start", "a=1"], r"it uses no column; there are 'x', "),
    "unused parameter": (["--model", "a*x", "--start", "a=1,b=2"], r"--start: 'b' is not in the"),
    "not closed": (["--model", "a*(x", "--start", "a=1"], r"never closed \(at character 3: '\(x'"),
    "unfinished": (["--model", "a*", "--start", "a=1"], r"this ends too soon \(at its end\)"),
    "power": (["--model", "a^x", "--start", "a=1"], r"write \*\* \(at character 2: '\^x'\)"),
    "attribute": (
        ["--model", "a.real*x", "--start", "a=1"],
        r"--model: no attributes; .*character",
    ),
    "keyword": (["--model", "lambda*x", "--start", "lambda=1"], r"lambda is a keyword"),
    "no number": ([*LINE[:3], "a=one"], r"'--start': 'one', for 'a', is no number"),
    "no value": ([*LINE[:3], "a"], r"'a' is no NAME=VALUE; write b1=500,b2=1e-4"),
    "given twice": ([*LINE[:3], "a=1,a=2"], r"'--start': 'a' is given twice"),
    "start of nan": ([*LINE[:3], "a=nan"], r"--start: 'a' got nan; want a finite number"),
    "no range": ([*LINE, "--bounds", "a=1"], r"'--bounds': a=1 is no range; write a=LOWER:UPPER"),
    "bounds of another": ([*LINE, "--bounds", "b=1:2"], r"--bounds: got 'b'; the parameters are a"),
    "start out of bounds": ([*LINE, "--bounds", "a=2:"], r"--start: 'a' got 1.0, outside of"),
    "bounds the wrong way": ([*LINE, "--bounds", "a=2:0"], r"want lower <= upper"),
    "few rows": (
        ["--model", "a+b*x+c*x**2+d*x**3", "--start", "a=1,b=1,c=1,d=1"],
        r"3 rows cannot determine 4 parameters; give more rows or take a model of fewer",
    ),
    "not finite at the start": (
        ["--model", "a*log(-x)", "--start", "a=1"],
        r"--start: SSE is nan at a=1; want a start where the model is finite",
    ),
}


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_one_line(
        self,
        case: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        options, message = REFUSED[case]
        monkeypatch.chdir(tmp_path)
        (tmp_path / "t.csv").write_text(ODD)
        assert run(["fit", "t.csv", "--target", "y", *options, "--json", "out.json"]) == 2
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("fastmse: ")
        assert error.count("\n") == 1
        assert re.search(message, error), error
        assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]

    def test_sympy_is_missing(self, misra: Path) -> None:
        line = ["fit", str(misra), "--target", "y", "--model", MODEL, "--start", START]
        code = (
            f"import sys; sys.modules['sympy'] = None; from fastmse.cli import main; main({line})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == 'fastmse: sympy is missing: pip install "fastmse[cli]"\n'

    def test_sympy_is_missing_in_python(self) -> None:
        code = (
            "import sys; sys.modules['sympy'] = None\n"
            "import fastmse as fm\n"
            "model = fm.Expression('a*x', ['a'])\n"
            "try: model.evaluate([1.0], [2.0], [1.0])\n"
            "except ModuleNotFoundError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        expected = 'derivatives of a formula need sympy: pip install "fastmse[models]"\n'
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
