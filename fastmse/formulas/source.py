"""A program's text: `def model(x, theta): ...`, from terms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from fastmse.formulas.functions import PROGRAM
from fastmse.formulas.terms import COMPARISONS, Term, ordered

ATOM, UNARY, PRODUCT, SUM, CONDITION = range(5)
INFIX = {"plus": ("+", SUM), "minus": ("-", SUM), "times": ("*", PRODUCT), "over": ("/", PRODUCT)}
JOINED = {"and": "&", "or": "|"}
LONGEST = 60  # characters of an expression before it gets a line of its own


def written(
    outputs: Sequence[Term], variables: Mapping[str, str], parameters: Mapping[str, str]
) -> str:
    """The function of x and theta that returns the outputs; the mappings give local names."""
    writer = Writer(outputs, {**variables, **parameters})
    results = [writer.whole(output) for output in outputs]
    lines = [
        *_unpacked(variables.values(), "x"),
        *_unpacked(parameters.values(), "theta"),
        *writer.lines,
        f"return {_tuple(results)}",
    ]
    return "\n    ".join(["def model(x, theta):", *lines]) + "\n"


def _unpacked(names: Iterable[str], whole: str) -> list[str]:
    return [f"{_tuple(list(names))} = {whole}"] if names else []


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' * (len(items) == 1)})"


class Writer:
    """Writes terms: what is used more than once gets a name, and a line where it is worked out."""

    def __init__(self, outputs: Sequence[Term], names: Mapping[str, str]) -> None:
        self.names = names
        self.lines: list[str] = []
        terms = ordered(outputs, Term.operands)
        self.uses = Counter(operand for term in terms for operand in term.operands())
        self.uses.update(outputs)
        self.texts: dict[Term, tuple[str, int]] = {}
        for term in terms:
            self.texts[term] = self._kept(term, *self._text(term))

    def whole(self, term: Term) -> str:
        """The term where nothing binds tighter."""
        return self.texts[term][0]

    def _within(self, term: Term, level: int) -> str:
        """The term as an operand, in parentheses if it binds less than `level`."""
        text, own = self.texts[term]
        return text if own <= level else f"({text})"

    def _kept(self, term: Term, text: str, level: int) -> tuple[str, int]:
        """The text, or the name of the line that holds it."""
        if not term.operands() or (self.uses[term] == 1 and len(text) <= LONGEST):
            return text, level
        name = f"t{len(self.lines) + 1}"
        self.lines.append(f"{name} = {text}")
        return name, ATOM

    def _text(self, term: Term) -> tuple[str, int]:
        op, args = term.op, term.args
        if op == "number":
            return _number(args[0])
        if op == "name":
            return self.names[args[0]], ATOM
        if op == "times" and (shown := self._quotient(*args)):
            return shown, PRODUCT
        if op in INFIX:
            sign, level = INFIX[op]
            left, right = self._within(args[0], level), self._within(args[1], level - 1)
            return f"{left} {sign} {right}", level
        if op == "reciprocal":
            return f"1.0 / {self._within(args[0], UNARY)}", PRODUCT
        if op == "negative":
            return f"-{self._within(args[0], ATOM)}", UNARY
        return self._call_or_condition(op, args)

    def _quotient(self, *factors: Term) -> str | None:
        """A factor times a reciprocal that nothing else uses, by one division."""
        for a, b in (factors, factors[::-1]):
            if b.op == "reciprocal" and self.texts[b][1] != ATOM:
                return f"{self._within(a, PRODUCT)} / {self._within(b.args[0], UNARY)}"
        return None

    def _call_or_condition(self, op: str, args: Sequence[Term]) -> tuple[str, int]:
        if op in COMPARISONS:
            return f"{self.whole(args[0])} {op} {self.whole(args[1])}", CONDITION
        if op in JOINED:
            left, right = (self._within(a, ATOM) for a in args)
            return f"{left} {JOINED[op]} {right}", CONDITION
        if op == "not":
            return f"{self._within(args[0], ATOM)} ^ True", CONDITION
        return f"{op}({', '.join(self.whole(a) for a in args)})", ATOM


def _number(value: float) -> tuple[str, int]:
    """A float's literal: integers too, so that types unify and nothing wraps."""
    text = repr(abs(value)) if math.isfinite(value) else "1e999"
    return (f"-{text}", UNARY) if math.copysign(1, value) < 0 else (text, ATOM)


def called(outputs: Sequence[Term]) -> list[str]:
    """The names of functions that the program of these outputs calls."""
    ops = {term.op for term in ordered(outputs, Term.operands)}
    return [name for name in PROGRAM if name in ops]
