"""A formula's syntax tree, read through a white list of what it may hold."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import NoReturn

from fastmse.formulas.errors import FormulaError
from fastmse.formulas.functions import CALLS, CONSTANT
from fastmse.formulas.syntax import MAX_DEPTH, margin, parsed
from fastmse.formulas.terms import COMPARISONS, CONDITIONS, Pool, Term

MAX_TERMS = 500  # operations, numbers and names: their derivatives take SymPy up to a second

BINARY = {ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "over", ast.Pow: "power"}
JOINING = {ast.And: "and", ast.Or: "or", ast.BitAnd: "and", ast.BitOr: "or"}
COMPARING = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
WHERE = "where"
PREDEFINED = {"pi": math.pi}
RESERVED = frozenset([*CALLS, WHERE, *PREDEFINED])
HINTS: dict[type[ast.AST], str] = {
    ast.BitXor: "^ is no power; write **",
    ast.FloorDiv: "// is not allowed; write /",
    ast.Mod: "% is not allowed",
    ast.MatMult: "@ is not allowed; write *",
    ast.Attribute: "no attributes; functions have no prefix: write exp(x)",
    ast.Subscript: "no subscripts; a column goes by its name",
    ast.Tuple: "no commas outside a call; the decimal sign is a point",
    ast.NamedExpr: "no assignment",
}


def read(text: str, pool: Pool) -> tuple[Term, dict[str, int]]:
    """The term that a text says, and its names with the columns where they come first.

    Raises
    ------
    FormulaError
        Naming the place, if the text holds anything but arithmetic on numbers and names, the
        functions of `CALLS`, `where`, and conditions in it, or is too long or nested too deep.
    """
    reader = Reader(text, pool)
    return reader.value(parsed(text), 0), reader.names


class Reader:
    """One walk over the syntax tree of a text."""

    def __init__(self, text: str, pool: Pool) -> None:
        self.text = text
        self.pool = pool
        self.names: dict[str, int] = {}
        self.count = 0
        self.margin = margin(text)

    def refuse(self, reason: str, column: int) -> NoReturn:
        """Raise at a column of the text."""
        raise FormulaError(reason, self.text, column) from None

    def refuse_node(self, reason: str, node: ast.AST) -> NoReturn:
        """Raise where a node starts."""
        self.refuse(reason, self.margin + getattr(node, "col_offset", 0))

    def value(self, node: ast.expr, depth: int) -> Term:
        """The term of a node that must be a number."""
        term = self.term(node, depth)
        if term.op in CONDITIONS:
            self.refuse_node("a condition belongs into where(condition, a, b)", node)
        return term

    def condition(self, node: ast.expr, depth: int) -> Term:
        """The term of a node that must be a condition."""
        term = self.term(node, depth)
        if term.op not in CONDITIONS:
            self.refuse_node(
                "want a condition, such as x < t0; each in parentheses if joined by & or |", node
            )
        return term

    def term(self, node: ast.expr, depth: int) -> Term:
        """The term of a node of any kind on the white list."""
        self.counted(node)
        if depth > MAX_DEPTH:
            self.refuse_node(f"nested too deep; want {MAX_DEPTH} operations at most", node)
        rule = RULES.get(type(node))
        if rule is None:
            kind = type(node).__name__
            self.refuse_node(HINTS.get(type(node), f"{kind} is not allowed"), node)
        return rule(self, node, depth + 1)

    def counted(self, node: ast.expr) -> None:
        """Raise at the first node too many."""
        self.count += 1
        if self.count > MAX_TERMS:
            self.refuse_node(f"more than {MAX_TERMS} operations, numbers and names", node)

    def folded(self, node: ast.expr, op: str, *args: Term) -> Term:
        """The operation, carried out where all of it is constant; zero divides nothing."""
        values = [a.value for a in args if a.value is not None]
        if op == "over" and args[1].value == 0:
            self.refuse_node("a division by zero", node)
        if len(values) < len(args):
            return self.pool(op, *args)
        try:
            result = CONSTANT[op](*values)
        except (ArithmeticError, ValueError):
            result = math.nan
        if not math.isfinite(result):
            self.refuse_node("this is infinite or not a real number, whatever x is", node)
        return self.pool.number(result)

    def constant(self, node: ast.Constant, depth: int) -> Term:
        """A decimal number: the double that Python's float(text) is."""
        if type(node.value) not in (int, float):
            self.refuse_node(f"{node.value!r} is not allowed; want real numbers", node)
        try:
            value = float(node.value)  # type: ignore[arg-type]
        except OverflowError:
            value = math.inf
        if value == math.inf:
            self.refuse_node("this number is beyond the largest float, 1.8e308", node)
        return self.pool.number(value)

    def name(self, node: ast.Name, depth: int) -> Term:
        """`pi`, a parameter or a variable."""
        name = node.id
        if name in PREDEFINED:
            return self.pool.number(PREDEFINED[name])
        if name in RESERVED:
            self.refuse_node(f"{name} is a function; write {name}(...)", node)
        if name.startswith("__"):
            self.refuse_node(f"{name}: names must not start with __", node)
        self.names.setdefault(name, self.margin + node.col_offset)
        return self.pool("name", name)

    def unary(self, node: ast.UnaryOp, depth: int) -> Term:
        """-a, +a, not c."""
        if isinstance(node.op, ast.Not | ast.Invert):
            return self.pool("not", self.condition(node.operand, depth))
        operand = self.value(node.operand, depth)
        return operand if isinstance(node.op, ast.UAdd) else self.folded(node, "negative", operand)

    def binary(self, node: ast.BinOp, depth: int) -> Term:
        """a + b, a - b, a * b, a / b, a ** b; c & d, c | d.

        From the left in a loop: a sum of a hundred summands is as deep a tree, and no nesting.
        """
        if joining := JOINING.get(type(node.op)):
            return self.pool(joining, *(self.condition(n, depth) for n in (node.left, node.right)))
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp) and type(spine[-1].left.op) not in JOINING:
            spine.append(spine[-1].left)
            self.counted(spine[-1])
        left = self.value(spine[-1].left, depth)
        for step in reversed(spine):
            op = BINARY.get(type(step.op)) or self.refuse_operator(step)
            left = self.folded(step.right, op, left, self.value(step.right, depth))
        return left

    def refuse_operator(self, node: ast.BinOp) -> NoReturn:
        """Raise at the operator between two operands."""
        kind = type(node.op)
        column = self.margin + (node.left.end_col_offset or 0)
        column += len(self.text[column:]) - len(self.text[column:].lstrip(" \t\r\n)"))
        self.refuse(HINTS.get(kind, f"{kind.__name__} is not allowed"), column)

    def joined(self, node: ast.BoolOp, depth: int) -> Term:
        """C and d and ...; c or d or ..."""
        return self.chain(JOINING[type(node.op)], [self.condition(n, depth) for n in node.values])

    def compare(self, node: ast.Compare, depth: int) -> Term:
        """a < b, also a < b < c, which is a < b and b < c."""
        values = [self.value(n, depth) for n in (node.left, *node.comparators)]
        kinds = [COMPARING.get(type(op)) for op in node.ops]
        if None in kinds:
            self.refuse_node(f"want a comparison by one of {' '.join(sorted(COMPARISONS))}", node)
        pairs = zip(kinds, values, values[1:], strict=False)
        return self.chain("and", [self.pool(str(kind), a, b) for kind, a, b in pairs])

    def chain(self, op: str, conditions: list[Term]) -> Term:
        """The conditions joined from the left."""
        joined, *rest = conditions
        for condition in rest:
            joined = self.pool(op, joined, condition)
        return joined

    def call(self, node: ast.Call, depth: int) -> Term:
        """A function of `CALLS`, or where(condition, a, b)."""
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name is None or name not in RESERVED - PREDEFINED.keys():
            self.refuse_node(self.unknown(name), node.func)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            self.refuse_node(f"{name} takes plain arguments: no name=value, no *", node)
        wanted = 3 if name == WHERE else 1
        if len(node.args) != wanted:
            takes = "(condition, a, b)" if name == WHERE else "one argument"
            self.refuse_node(f"{name} got {len(node.args)} arguments; it takes {takes}", node)
        if name == WHERE:
            condition = self.condition(node.args[0], depth)
            return self.pool(WHERE, condition, *(self.value(n, depth) for n in node.args[1:]))
        return self.folded(node, CALLS[name], self.value(node.args[0], depth))

    def unknown(self, name: str | None) -> str:
        """Why something cannot be called."""
        if name is None:
            return "only a function can be called; write * for a product"
        from difflib import get_close_matches  # for a refusal only

        near = get_close_matches(name, [*CALLS, WHERE], 1)
        if near:
            return f"no function {name}; did you mean {near[0]}?"
        known = ", ".join([*CALLS, WHERE])
        return f"no function {name}; there are {known}; a product is written with *"


RULES: dict[type[ast.expr], Callable[..., Term]] = {
    ast.Constant: Reader.constant,
    ast.Name: Reader.name,
    ast.UnaryOp: Reader.unary,
    ast.BinOp: Reader.binary,
    ast.BoolOp: Reader.joined,
    ast.Compare: Reader.compare,
    ast.Call: Reader.call,
}
