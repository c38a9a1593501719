"""The little language that formulas are read into and programs are written from.

| op | args | |
|---|---|---|
| number, name | float, str | leaves |
| plus, minus, times, over, negative, power | terms | arithmetic |
| exp, log, sin, ..., absolute | one term | functions |
| reciprocal | one term | 1 / a, where only a derivative says so |
| where | condition, a, b | a where the condition holds, else b |
| <, <=, >, >=, ==, != | two terms | conditions |
| and, or, not | conditions | conditions |
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

COMMUTATIVE = frozenset(["plus", "times"])
COMPARISONS = frozenset(["<", "<=", ">", ">=", "==", "!="])
CONDITIONS = COMPARISONS | {"and", "or", "not"}


class Term:
    """An operation and what it is applied to. Terms of one pool that are equal are identical."""

    __slots__ = ("args", "op")

    def __init__(self, op: str, args: tuple[Any, ...]) -> None:
        self.op = op
        self.args = args

    def operands(self) -> tuple[Term, ...]:
        """The terms it is applied to."""
        return () if self.op in ("number", "name") else self.args

    @property
    def value(self) -> float | None:
        """A constant's value, else None."""
        return self.args[0] if self.op == "number" else None


class Pool:
    """Every term once: what is shared is found when it is made."""

    def __init__(self) -> None:
        self._terms: dict[object, Term] = {}

    def __call__(self, op: str, *args: Any) -> Term:
        """The term `op(*args)`; a + b is b + a, whose bits are the same."""
        return self._terms.setdefault(_key(op, args), Term(op, args))

    def find(self, op: str, *args: Any) -> Term | None:
        """The term, if it was made before."""
        return self._terms.get(_key(op, args))

    def number(self, value: float) -> Term:
        """A constant."""
        return self("number", float(value))


def _key(op: str, args: tuple[Any, ...]) -> object:
    return (op, frozenset(args)) if op in COMMUTATIVE else (op, args)


Node = TypeVar("Node", bound=Hashable)


def ordered(roots: Iterable[Node], operands: Callable[[Node], Sequence[Node]]) -> list[Node]:
    """All that the roots are made of, each once and after its operands; no recursion."""
    done: dict[Node, None] = {}
    stack = list(roots)[::-1]
    while stack:
        node = stack[-1]
        missing = [a for a in operands(node) if a not in done]
        stack.extend(reversed(missing))
        if not missing:
            done[stack.pop()] = None
    return list(done)
