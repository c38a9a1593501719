"""fm.SufficientStatistics that are pickled, saved and loaded."""

from __future__ import annotations

import json
import pickle
import pickletools
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from chunks import N, bits, data, gathered

import fastmse as fm


@pytest.fixture(params=[0, 1, 100, 4096, N])
def half(request):
    X, y, weight = data()
    statistics = fm.SufficientStatistics(3, intercept=True, target="price")
    statistics.update(X[: request.param], y[: request.param], weight[: request.param])
    return statistics, (X[request.param :], y[request.param :], weight[request.param :])


def finished(statistics, rest):
    statistics.update(*rest)
    return bits(statistics)


def test_a_pickle_goes_on(half):
    statistics, rest = half
    again = pickle.loads(pickle.dumps(statistics))
    assert (again.n, again.target) == (statistics.n, "price")
    assert finished(again, rest) == finished(statistics, rest)


def test_a_pickle_holds_plain_arrays_and_one_class(half):
    names = [
        argument
        for opcode, argument, _ in pickletools.genops(pickle.dumps(half[0], protocol=2))
        if opcode.name == "GLOBAL"
    ]
    plain = ("numpy", "_codecs", "copy_reg", "__builtin__ bytes")
    ours = [name for name in names if not name.startswith(plain)]
    assert ours == ["fastmse.fitting.sufficient SufficientStatistics"]


def test_a_file_goes_on(half, tmp_path):
    statistics, rest = half
    statistics.save(tmp_path / "half")
    again = fm.SufficientStatistics.load(tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["half"]
    assert pickle.dumps(again) == pickle.dumps(statistics)
    assert finished(again, rest) == finished(statistics, rest)


@pytest.mark.parametrize("way", ["pickle", "file"])
def test_another_process_goes_on(way, tmp_path):
    X, y, weight = data()
    path, rest = tmp_path / "half", tmp_path / "rest.npz"
    statistics = gathered(X[:6000], y[:6000], weight[:6000])
    np.savez(rest, X=X[6000:], y=y[6000:], weight=weight[6000:])
    if way == "pickle":
        path.write_bytes(pickle.dumps(statistics))
    else:
        statistics.save(path)
    load = "pickle.load(open(sys.argv[1], 'rb'))"
    load = load if way == "pickle" else "fm.SufficientStatistics.load(sys.argv[1])"
    code = f"""
import pickle, sys
import numpy as np
import fastmse as fm
statistics, rest = {load}, np.load(sys.argv[2])
statistics.update(rest["X"], rest["y"], rest["weight"])
fitted = statistics.fit()
print(fitted.theta.tobytes().hex(), fitted.sse.hex(), fitted.n)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(rest)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    whole = gathered(X, y, weight).fit()
    assert done.stdout.split() == [whole.theta.tobytes().hex(), whole.sse.hex(), str(whole.n)]


def test_names_and_kind_are_stored(tmp_path):
    statistics = fm.SufficientStatistics(
        2, names=("größe", "a\nb"), weight_type="precision", precision="double-double"
    )
    statistics.save(tmp_path / "s")
    again = fm.SufficientStatistics.load(str(tmp_path / "s"))
    assert again.names == ("größe", "a\nb")
    assert (again.weight_type, again.precision) == ("precision", "double-double")
    (again + statistics).update(np.ones((1, 2)), np.ones(1))


def rewritten(path, change):
    """The file with another header or other arrays."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header")))
    change(header, arrays)
    np.savez(path, header=np.array(json.dumps(header)), **arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, a: h.update(version=2), "version 2 of the format; this fastmse reads 1: update"),
        (lambda h, a: h.update(format="model"), "got a file of format 'model'"),
        (lambda h, a: h.update(n_features=4), "damaged: array"),
        (lambda h, a: h.update(extra=1), "damaged: .*extra"),
        (lambda h, a: a.pop("gram"), "damaged: array 'gram': got None"),
        (lambda h, a: a.update(counted=np.zeros(3, int)), "damaged: array 'counted'"),
        (lambda h, a: a.update(more=np.zeros(3)), "damaged: array 'more'"),
        (lambda h, a: a.update(pending=np.ones((5, 9999))), "got 9999 rows; want < 4096"),
        (lambda h, a: h.pop("version"), "no sufficient statistics"),
    ],
)
def test_another_version_and_other_contents_are_refused(tmp_path, change, message):
    path = tmp_path / "s.npz"
    gathered(*data(5000)).save(path)
    rewritten(path, change)
    with pytest.raises(ValueError, match=rf"s\.npz: .*{message}"):
        fm.SufficientStatistics.load(path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    path = tmp_path / "s"
    gathered(*data(5000)).save(path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), len(whole) // 50), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="no sufficient statistics, or damaged"):
            fm.SufficientStatistics.load(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "s"
    gathered(*data(5000)).save(path)
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("gram.npy").header_offset
    whole[start + 300] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="damaged"):
        fm.SufficientStatistics.load(path)


@pytest.mark.parametrize("other", ["text", "npy", "npz", "pickle", "objects"])
def test_another_kind_of_file_is_refused(tmp_path, other):
    path = tmp_path / "other"
    with path.open("wb") as file:
        match other:
            case "text":
                file.write(b"a,b\n1,2\n")
            case "npy":
                np.save(file, np.ones(3))
            case "npz":
                np.savez(file, x=np.ones(3))
            case "pickle":
                pickle.dump(gathered(*data(50)), file)
            case "objects":
                np.savez(file, header=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="other: no sufficient statistics, or damaged"):
        fm.SufficientStatistics.load(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        fm.SufficientStatistics.load(tmp_path / "none")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "s"
    gathered(*data(50)).save(path)
    before = path.read_bytes()

    def fail(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        gathered(*data(60)).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s"]
