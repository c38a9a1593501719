"""The first fit of a process: what a user waits for an expression that nobody has compiled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import children, peaks
from benchmarks.works import Peak

Record = dict[str, Any]

CHILD = Path(__file__).with_name("first_fit.py")
GROUP = "first fit"
PROCESSES, QUICK_PROCESSES = 5, 1
POINTS = 500
OFF = 1.1  # of a start, times the truth


class Model(NamedTuple):
    text: str
    parameters: tuple[str, ...]
    curve: Callable[..., Any]
    truth: tuple[float, ...]


def two_peaks(x: Any, b1: float, b2: float, *both: float) -> Any:
    return (
        b1 * np.exp(-b2 * x)
        + peaks.curve(x, *both[:3], 0.0, 0.0)
        + peaks.curve(x, *both[3:], 0.0, 0.0)
    )


MODELS = {
    "peak, 5 parameters": Model(
        peaks.TEXT, peaks.PARAMETERS, peaks.curve, tuple(peaks.TRUTH.tolist())
    ),
    "two peaks on a decay, 8 parameters": Model(
        "b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)**2) + b6*exp(-((x - b7)/b8)**2)",
        tuple(f"b{j}" for j in range(1, 9)),
        two_peaks,
        (3.0, 0.5, 2.0, -2.0, 0.8, 1.5, 1.5, 1.2),
    ),
}


def measured(name: str, *, quick: bool) -> Record:
    """The best seconds of some processes until the first fit, and of the next ones."""
    head = {"group": GROUP, "name": name, "threads": 1}
    if reason := Peak.missing():
        return {**head, "skipped": reason}
    question = asked(MODELS[name])
    answers = [first(question) for _ in range(QUICK_PROCESSES if quick else PROCESSES)]
    if not all(answer["converged"] for answer in answers):
        raise RuntimeError(f"the fit of {name} did not converge")
    kinds = answers[0]["seconds"]
    return {
        **head,
        "seconds": {kind: min(answer["seconds"][kind] for answer in answers) for kind in kinds},
    }


def asked(model: Model) -> Record:
    """Noisy data of the model, and a start a tenth off."""
    x = np.linspace(-5, 5, POINTS)
    noise = peaks.NOISE * np.random.default_rng(0).standard_normal(POINTS)
    y = model.curve(x, *model.truth) + noise
    start = [OFF * value for value in model.truth]
    return {"text": model.text, "parameters": model.parameters, "start": start,
            "x": x.tolist(), "y": y.tolist()}  # fmt: skip


def first(question: Record) -> Record:
    # One thread: the machine's other work is no part of it.
    environment = {"FASTMSE_NUM_THREADS": "1"}
    return children.answer(CHILD, {**question, "started": time.time()}, environment)
