"""Formulas: from a text to programs of its value and derivatives, which any backend can compile.

    formula = formulas.parse("b1*(1 - exp(-b2*x))", ("b1", "b2"))
    model = formula.scalar(1, formulas.numpy_functions())
    f, df_db1, df_db2 = model((x,), (b1, b2))

The text is checked against a white list; SymPy differentiates, when a derivative is wanted first.
A backend compiles the scalar with its own functions: one for each name in `PROGRAM`.
"""

from fastmse.formulas.errors import FormulaError
from fastmse.formulas.formula import Formula, parse, places
from fastmse.formulas.functions import PROGRAM, numpy_functions

__all__ = ["PROGRAM", "Formula", "FormulaError", "numpy_functions", "parse", "places"]
