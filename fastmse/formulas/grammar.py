"""A formula's text, read by Python's `ast` through a white list of what it may hold."""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from typing import NoReturn

from fastmse.formulas.errors import FormulaError
from fastmse.formulas.functions import CALLS, CONSTANT
from fastmse.formulas.terms import COMPARISONS, CONDITIONS, Pool, Term

MAX_LENGTH = 4000  # characters
MAX_TERMS = 400  # operations, numbers and names
MAX_DEPTH = 60  # operations inside each other; Python's parser gives up at 100 parentheses or more

BINARY = {ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "over", ast.Pow: "power"}
JOINING_WORDS = frozenset(["and", "or", "not"])
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
    return reader.value(reader.parsed(), 0), reader.names


class Reader:
    """One walk over the syntax tree of a text."""

    def __init__(self, text: str, pool: Pool) -> None:
        self.text = text
        self.pool = pool
        self.names: dict[str, int] = {}
        self.count = 0
        self.margin = len(text) - len(text.lstrip())

    def refuse(self, reason: str, column: int) -> NoReturn:
        """Raise at a column of the text."""
        raise FormulaError(reason, self.text, column) from None

    def refuse_node(self, reason: str, node: ast.AST) -> NoReturn:
        """Raise where a node starts."""
        self.refuse(reason, self.margin + getattr(node, "col_offset", 0))

    def parsed(self) -> ast.expr:
        """The syntax tree; line breaks are spaces, so that columns count from the start."""
        self._check_characters()
        self._check_words()
        line = "".join(" " if c.isspace() else c for c in self.text).strip()
        if not line:
            self.refuse("empty; write the model, such as b1*exp(-b2*x)", 0)
        try:
            with warnings.catch_warnings():  # of `2(x)`, which the walk refuses, or `1if`
                warnings.simplefilter("ignore")
                return ast.parse(line, mode="eval").body
        except SyntaxError as error:  # without an offset: at the end
            column = min(error.offset - 1, len(line)) if error.offset else len(line)
            ended = column == len(line)
            reason = "this ends too soon" if ended else _explained(error.msg)
            self.refuse(reason, self.margin + column)
        except (MemoryError, RecursionError, ValueError):
            self.refuse("nested too deep", 0)

    def _check_characters(self) -> None:
        if len(self.text) > MAX_LENGTH:
            self.refuse(f"{len(self.text)} characters; want {MAX_LENGTH} at most", MAX_LENGTH)
        depth = 0
        for column, c in enumerate(self.text):
            if not (c.isascii() and (c.isprintable() or c in "\t\n\r")) or c in "#'\"`$?\\;":
                self.refuse(f"the character {c!r} is not allowed", column)
            depth += (c in "([{") - (c in ")]}")
            if depth > MAX_DEPTH:
                self.refuse(f"nested too deep; want {MAX_DEPTH} parentheses at most", column)

    def _check_words(self) -> None:
        for word in re.finditer(r"(?<![\w.])[A-Za-z]+\b", self.text):
            if keyword.iskeyword(word[0]) and word[0] not in JOINING_WORDS:
                self.refuse(f"{word[0]} is a keyword of Python; {_instead(word[0])}", word.start())

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
        self.count += 1
        if self.count > MAX_TERMS:
            self.refuse_node(f"more than {MAX_TERMS} operations, numbers and names", node)
        if depth > MAX_DEPTH:
            self.refuse_node(f"nested too deep; want {MAX_DEPTH} operations at most", node)
        rule = RULES.get(type(node))
        if rule is None:
            kind = type(node).__name__
            self.refuse_node(HINTS.get(type(node), f"{kind} is not allowed"), node)
        return rule(self, node, depth + 1)

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
        near = get_close_matches(name, [*CALLS, WHERE], 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join([*CALLS, WHERE])}"
        return f"no function {name}; {hint}; a product is written with *"


def _explained(message: str) -> str:
    """What Python's parser says, for people who write formulas."""
    if message.startswith("invalid syntax") or "literal" in message:
        return "this cannot be read; every product needs a *"
    return message


def _instead(word: str) -> str:
    return "write where(condition, a, b)" if word in ("if", "else") else "take another name"


RULES: dict[type[ast.expr], Callable[..., Term]] = {
    ast.Constant: Reader.constant,
    ast.Name: Reader.name,
    ast.UnaryOp: Reader.unary,
    ast.BinOp: Reader.binary,
    ast.BoolOp: Reader.joined,
    ast.Compare: Reader.compare,
    ast.Call: Reader.call,
}
