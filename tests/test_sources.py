"""Rows from files: the same blocks from every format, and one line about every bad file."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from fastmse.sources import Rows, SourceError, open_source

N = 5000


def table(n: int = N, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "count": random.integers(-(2**60), 2**60, n),
            "label": random.choice(["a", "b"], n),
            "ratio": random.standard_normal(n) * 10.0 ** random.integers(-300, 300, n),
            "flag": random.random(n) < 0.5,
            "y": random.standard_normal(n),
        }
    )


def write_gzip(data: pa.Table, path: Path) -> None:
    with gzip.open(path, "wb") as file:
        pa_csv.write_csv(data, file)


def write_stream(data: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, data.schema) as stream:
        stream.write_table(data, max_chunksize=777)


def write_npz(data: pa.Table, path: Path) -> None:
    numeric = data.drop_columns("label")
    np.savez_compressed(path, **{name: numeric[name].to_numpy() for name in numeric.column_names})


def write_records(data: pa.Table, path: Path) -> None:
    numeric = data.drop_columns("label")
    columns = [numeric[name].to_numpy() for name in numeric.column_names]
    np.save(path, np.rec.fromarrays(columns, names=numeric.column_names))


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "t.csv": pa_csv.write_csv,
    "t.csv.gz": write_gzip,
    "t.tsv": lambda t, p: pa_csv.write_csv(t, p, pa_csv.WriteOptions(delimiter="\t")),
    "t.txt": lambda t, p: pa_csv.write_csv(t, p, pa_csv.WriteOptions(delimiter=";")),
    "t.parquet": lambda t, p: pq.write_table(t, p, row_group_size=999),
    "t.feather": lambda t, p: feather.write_feather(t, str(p), chunksize=1234),
    "t.arrow": write_stream,
    "t.npz": write_npz,
    "t.npy": write_records,
}


def joined(rows: Rows) -> np.ndarray:
    """All features and the target, (n, d + 1)."""
    return np.concatenate([np.column_stack([block.X, block.y]) for block in rows()])


def csv(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


class TestFormats:
    @pytest.mark.parametrize("name", WRITERS)
    def test_every_format_gives_the_same_bits(self, name: str, tmp_path: Path) -> None:
        data = table()
        WRITERS[name](data, tmp_path / name)
        rows = open_source([tmp_path / name], target="y")
        assert rows.features == ("count", "ratio", "flag")
        columns = [data[c].to_numpy().astype(np.float64) for c in (*rows.features, "y")]
        expected = np.column_stack(columns)
        for _ in range(2):  # rows can be read again
            assert joined(rows).tobytes() == expected.tobytes()
        assert rows.done == pytest.approx(0.0 if name == "t.arrow" else 1.0)

    def test_blocks_do_not_depend_on_the_format_or_its_chunks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fastmse.sources.rows.BLOCK_VALUES", 4 * 300)
        shapes = set()
        for name in ("t.csv", "t.parquet", "t.arrow"):
            WRITERS[name](table(), tmp_path / name)
            blocks = list(open_source([tmp_path / name], target="y")())
            assert all(block.X.flags.f_contiguous for block in blocks)
            shapes.add(tuple(block.X.shape for block in blocks))
        assert shapes == {((300, 3),) * (N // 300) + ((N % 300, 3),)}

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("suffix", [".npy", ".npz"])
    @pytest.mark.parametrize("dtype", ["f8", ">f4", "f2", "i8", "u1", "?"])
    def test_arrays_of_any_order_and_type(
        self, order: str, suffix: str, dtype: str, tmp_path: Path
    ) -> None:
        array = np.arange(40_000).reshape(-1, 2).astype(dtype, order=order)
        path = tmp_path / f"a{suffix}"
        np.savez(path, x=array) if suffix == ".npz" else np.save(path, array)
        rows = open_source([path], target="x1")
        assert rows.features == ("x0",)
        np.testing.assert_array_equal(joined(rows), array.astype(np.float64))

    def test_files_are_read_in_order(self, tmp_path: Path) -> None:
        parts = [table(100, seed) for seed in range(3)]
        for part, name in zip(parts, ("a.csv", "b.parquet", "c.csv"), strict=True):
            WRITERS["t" + Path(name).suffix](part, tmp_path / name)
        paths = [tmp_path / name for name in ("a.csv", "b.parquet", "c.csv")]
        found = joined(open_source(paths, target="y"))
        assert found[:, -1].tobytes() == np.concatenate([part["y"] for part in parts]).tobytes()

    def test_decimals_have_the_bits_of_their_digits(self, tmp_path: Path) -> None:
        digits = ["0.1", "123456789.123456789", "-7.000000003"]
        column = pa.array([Decimal(text) for text in digits], pa.decimal128(30, 12))
        pq.write_table(pa.table({"x": column, "y": column}), tmp_path / "t.parquet")
        found = joined(open_source([tmp_path / "t.parquet"], target="y"))
        assert found[:, 0].tolist() == [float(text) for text in digits]

    @pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.feather", "t.arrow"])
    def test_nulls_are_found_in_slices(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fastmse.sources.arrow_file.SLICE", 7)
        values = [None if i % 13 == 5 else float(i) for i in range(100)]
        WRITERS[name](pa.table({"x": values, "y": [1.0] * 100}), tmp_path / name)
        rows = open_source([tmp_path / name], target="y", drop_missing=True)
        assert joined(rows)[:, 0].tolist() == [value for value in values if value is not None]
        assert rows.dropped == 8
        with pytest.raises(SourceError, match="column 'x', row 6"):
            joined(open_source([tmp_path / name], target="y"))

    @pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy"])
    def test_memory_does_not_grow_with_the_file(
        self, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fastmse.sources.delimited.BLOCK_BYTES", 1 << 16)  # Arrow queues 32

        def peak(n: int) -> int:
            path = tmp_path / f"{n}{suffix}"
            values = np.random.default_rng(0).standard_normal((n, 3))
            columns = pa.table({f"x{j}": values[:, j] for j in range(3)})
            np.save(path, values) if suffix == ".npy" else WRITERS["t" + suffix](columns, path)
            rows = open_source([path], target="x0")
            tracemalloc.start()
            before = pa.total_allocated_bytes()
            most = max(pa.total_allocated_bytes() for _ in rows()) - before
            python = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return most + python

        assert peak(800_000) < peak(200_000) + 6e6  # the file grows by 14 MB, as text by 34


class TestDelimited:
    def test_types_are_not_inferred_from_the_first_block(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fastmse.sources.delimited.BLOCK_BYTES", 100)
        lines = [f"{i},,{i}" for i in range(200)] + [f"{i}.5,{i},{i}" for i in range(200)]
        path = csv(tmp_path, "a,late,y\n" + "\n".join(lines) + "\n")
        rows = open_source([path], target="y", drop_missing=True)
        assert rows.features == ("a", "late")
        assert joined(rows)[:2].tolist() == [[0.5, 0, 0], [1.5, 1, 1]]
        assert rows.dropped == 200

    def test_quotes_blanks_and_line_breaks(self, tmp_path: Path) -> None:
        text = '\ufeff"a, b", c ,"note\nhere",y\n 1 ,"2","x\ny",3\n\n4,5,"z",6e0\n'
        rows = open_source([csv(tmp_path, text)], target="y")
        assert rows.features == ("a, b", "c")
        assert joined(rows).tolist() == [[1, 2, 3], [4, 5, 6]]

    def test_skipped_columns_say_what_they_hold(self, tmp_path: Path) -> None:
        path = csv(tmp_path, ",when,x,none,y\n0,2020-01-01,1,,2\n1,2020-01-02,2,NA,3\n")
        rows = open_source([path], target="y")
        assert rows.features == ("x",)
        assert rows.skipped == {
            "": "unnamed",
            "when": "text, '2020-01-01' at row 1 (line 2)",
            "none": "empty",
        }

    def test_text_after_the_first_block_is_found_with_its_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fastmse.sources.delimited.BLOCK_BYTES", 100)
        path = csv(tmp_path, "x,y\n" + "1,2\n" * 500 + "\n1,oops\n" + "1,2\n" * 500)
        message = r"t\.csv: column 'y' holds the text 'oops' at row 501 \(line 503\)"
        with pytest.raises(SourceError, match=message):
            joined(open_source([path], target="y"))


class TestRows:
    def test_weights_and_missing_values(self, tmp_path: Path) -> None:
        path = csv(tmp_path, "x,y,w\n1,2,3\n,5,0\n7,nan,9\n10,11,12\n")
        rows = open_source([path], target="y", weights="w", drop_missing=True)
        assert rows.features == ("x",)
        (block,) = rows()
        assert block.w is not None
        assert block.w.tolist() == [3, 0, 12]  # a row of weight zero may hold anything
        assert rows.dropped == 1

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x,y,w\n1,2,1\n1,,1\n", r"column 'y', row 2 \(line 3\): .* missing; .*--drop-missing"),
            ("x,y,w\n1,2,1\ninf,2,1\n", r"column 'x', row 2 \(line 3\): the value is inf"),
            ("x,y,w\n1,2,1\n1,2,-3\n", r"column 'w', row 2 \(line 3\): the weight is -3"),
            ("x,y,w\n1,2,1\n1,2,\n", r"column 'w', row 2 \(line 3\): .* missing"),
            ("x,y,w\n", "no rows"),
            ("x,y,w\n1,2,0\n2,,0\n", r"t\.csv: column 'w': every weight is 0"),
        ],
    )
    def test_bad_values(self, text: str, message: str, tmp_path: Path) -> None:
        path = csv(tmp_path, text)
        with pytest.raises(SourceError, match=message):
            joined(open_source([path], target="y", features=["x"], weights="w"))

    def test_nothing_left(self, tmp_path: Path) -> None:
        rows = open_source([csv(tmp_path, "x,y\n1,\n,2\n")], target="y", drop_missing=True)
        with pytest.raises(SourceError, match="every row has a missing value"):
            joined(rows)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("text", "features", "message"),
        [
            ("x,y\n1,2\n", ["X"], "no column 'X'; did you mean 'x'"),
            ("x,y\n1,2\n", ["zebra"], "no column 'zebra'; its columns are 'x', 'y'"),
            ("x,y\n1,2\n", ["x", "y"], "column 'y' is used twice"),
            ("x,y\n1,2\n", ["x", "x"], "column 'x' is used twice"),
            ("x,y\nred,2\n", ["x"], r"'x' is not numeric but text, 'red' at row 1 \(line 2\)"),
            ("x,y\n1,red\n", None, "column 'y' is not numeric but text, 'red'"),
            ("t,y\nred,1\n", None, "no numeric column is left"),
            ("x,x,y\n1,2,3\n", None, "more than one column is named 'x'"),
            ("x,y\n1,2\n3\n", None, "line 3 has 1 cell where line 1 names 2"),
            ("x,y\n", None, "no rows below"),
            ("\n\n", None, "the file is empty"),
            ("", None, "the file is empty"),
        ],
    )
    def test_text(
        self, text: str, features: list[str] | None, message: str, tmp_path: Path
    ) -> None:
        path = csv(tmp_path, text)
        with pytest.raises(SourceError, match=message) as caught:
            joined(open_source([path], target="y", features=features))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow", "t.npz", "t.csv.gz"])
    def test_cut_short(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        WRITERS[name](table(), path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(SourceError, match="cannot be read as"):
            joined(open_source([path], target="y"))

    def test_array_cut_short(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.ones((1000, 2)))
        data = (tmp_path / "a.npy").read_bytes()
        (tmp_path / "a.npy").write_bytes(data[:-8])
        with pytest.raises(SourceError, match="ends before its last row"):
            joined(open_source([tmp_path / "a.npy"], target="x0"))

    @pytest.mark.parametrize("name", [n for n in WRITERS if not n.endswith((".txt", ".tsv"))])
    def test_garbage(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(bytes(range(256)) * 9)
        with pytest.raises(SourceError):
            joined(open_source([tmp_path / name], target="y"))

    def test_no_file_at_all(self, tmp_path: Path) -> None:
        for name, message in {
            "none.csv": "no such file",
            "t.xlsx": "unknown kind of file",
            "t": "unknown kind of file",
        }.items():
            with pytest.raises(SourceError, match=message):
                open_source([tmp_path / name], target="y")
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(SourceError, match="this is a folder"):
            open_source([tmp_path / "folder.csv"], target="y")

    def test_files_that_disagree(self, tmp_path: Path) -> None:
        first = csv(tmp_path, "x,y\n1,2\n", "a.csv")
        for text, features, message in (
            ("x,z,y\n1,2,3\n", None, r"b\.csv and .*a\.csv disagree: only the first has .*'z'"),
            ("z,y\n1,2\n", ["x"], r"a\.csv and .*b\.csv disagree: only the first has .*'x'"),
            ("x,y\nred,2\n", None, r"b\.csv: column 'x' is not numeric but text"),
        ):
            second = csv(tmp_path, text, "b.csv")
            with pytest.raises(SourceError, match=message):
                open_source([first, second], target="y", features=features)

    def test_columns_of_other_types(self, tmp_path: Path) -> None:
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"x": [[1.0]], "t": ["a"], "y": [1.0]}), path)
        for name, what in {"x": "of type list", "t": "text"}.items():
            with pytest.raises(SourceError, match=f"'{name}' is not numeric but {what}"):
                open_source([path], target="y", features=[name])

    @pytest.mark.parametrize(
        ("array", "held"),
        [
            (np.ones((2, 3, 4)), r"shape \(2, 3, 4\) of float64"),
            (np.array(1.0), r"shape \(\) of float64"),
            (np.array([1, None]), r"shape \(2,\) of object"),
            (np.array([[1, None]]), r"shape \(1, 2\) of object"),
            (np.ones(2, complex), r"shape \(2,\) of complex128"),
        ],
    )
    @pytest.mark.parametrize("suffix", [".npy", ".npz"])
    def test_arrays_without_columns_of_numbers(
        self, array: np.ndarray, held: str, suffix: str, tmp_path: Path
    ) -> None:
        path = tmp_path / f"a{suffix}"
        np.savez(path, x=array) if suffix == ".npz" else np.save(path, array)
        with pytest.raises(SourceError, match=rf"a\{suffix}: got {held}; want real numbers"):
            open_source([path], target="x0")

    def test_arrays_of_other_lengths(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=np.ones(3), y=np.ones(4), note=np.array("text"))
        with pytest.raises(SourceError, match="'x' and 'y' have 3 and 4 rows"):
            joined(open_source([tmp_path / "a.npz"], target="y", features=["x"]))
