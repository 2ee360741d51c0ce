"""The body of `CREATE FUNCTION f(x DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON AS $$ ... $$`, read and compiled.

One rule: a body that defines a function of the entry point's name at its top level is a module, and that function is
called. Any other body is that function's own: an expression, or statements with `return`, over the parameters.
"""

from __future__ import annotations

import ast
import keyword
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from sqlml.errors import InvalidSql


def file_name(name: str) -> str:
    """What the body of a function is called in Python's tracebacks."""
    return f"<function {name}>"


def compile_body(entry_point: str, parameters: Sequence[str], body: str) -> Any:
    """The code object of a body; nothing of it is run.

    Raises InvalidSql with the line of the body.
    """
    text = textwrap.dedent(body)
    tree = _parsed(text, entry_point)
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry_point]
    if defined:
        _check_arity(defined[-1], parameters)
    else:
        _check_near_miss(tree, entry_point)
        _check_names(parameters)
        tree = _wrapped(tree, entry_point, parameters)
    try:
        return compile(ast.fix_missing_locations(tree), file_name(entry_point), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise _invalid(error) from None


def load_body(code: Any, entry_point: str) -> Callable[..., Any]:
    """Run the module and give its function. This runs the user's code."""
    module: dict[str, Any] = {"__name__": f"sqlml_function_{entry_point}"}
    exec(code, module)  # noqa: S102 - this is what LANGUAGE PYTHON is for; its signature was checked
    found: Callable[..., Any] = module[entry_point]
    return found


def body_line(error: InvalidSql) -> int | None:
    """The line of the body, from 1, that an error of `compile_body` is about."""
    return getattr(error, "body_line", None)


def _parsed(text: str, entry_point: str) -> ast.Module:
    if not text.strip():
        raise InvalidSql("The body of the function is empty.", hint="Write an expression: AS $$ x + 1 $$.")
    try:
        expression = ast.parse(text.strip(), file_name(entry_point), mode="eval")
    except (SyntaxError, ValueError):
        try:
            return ast.parse(text, file_name(entry_point))
        except (SyntaxError, ValueError, RecursionError) as error:
            raise _invalid(error) from None
    answer = ast.Return(value=expression.body)
    ast.increment_lineno(expression, len(text) - len(text.lstrip()) and text[: -len(text.lstrip())].count("\n"))
    return ast.Module(body=[ast.copy_location(answer, expression.body)], type_ignores=[])


def _wrapped(tree: ast.Module, entry_point: str, parameters: Sequence[str]) -> ast.Module:
    """The statements as the body of a function of these parameters."""
    returned = [node for node in _own_nodes(tree) if isinstance(node, ast.Return) and node.value is not None]
    if not returned:
        raise InvalidSql(
            "The body of the function returns nothing.",
            hint=f"Write an expression, return a value, or define {entry_point}({', '.join(parameters)}).",
        )
    generators = [node for node in _own_nodes(tree) if isinstance(node, ast.Yield | ast.YieldFrom)]
    if generators:
        raise InvalidSql("The body of the function yields.", hint="Return one value for each row.")
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=p) for p in parameters], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    function = ast.FunctionDef(name=entry_point, args=arguments, body=tree.body, decorator_list=[])
    function.lineno, function.col_offset = 1, 0
    return ast.Module(body=[function], type_ignores=[])


def _own_nodes(tree: ast.AST) -> list[ast.AST]:
    """The nodes of the body itself, not those of functions and classes within it."""
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            found += _own_nodes(node)
    return found


def _check_names(parameters: Sequence[str]) -> None:
    for name in parameters:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidSql(
                f'The parameter "{name}" cannot be a name in Python.',
                hint="Give it another name, or define the function in the body: parameters come in order.",
            )


def _check_arity(function: ast.FunctionDef, parameters: Sequence[str]) -> None:
    own = function.args
    most = len(own.posonlyargs) + len(own.args)
    least = most - len(own.defaults)
    needed = [a.arg for a, d in zip(own.kwonlyargs, own.kw_defaults, strict=True) if d is None]
    if not least <= len(parameters) <= (len(parameters) if own.vararg else most) or needed:
        raise _at_line(
            f"{function.name} in the body takes {most} values, the SQL function {len(parameters)}.",
            "Give both the same parameters; they come in order.",
            function.lineno,
        )


def _check_near_miss(tree: ast.Module, entry_point: str) -> None:
    """A module whose function has another name, which would else be a body without an answer."""
    defined = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    if defined and not any(isinstance(node, ast.Return) for node in _own_nodes(tree)):
        hint = f"Name it {entry_point}, or say OPTIONS (entry_point = '{defined[-1]}')."
        if entry_point in defined:
            hint = "Write def, not async def."
        raise InvalidSql(f"The body does not define {entry_point}.", hint=hint)


def _invalid(error: Exception) -> InvalidSql:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    line = error.lineno if isinstance(error, SyntaxError) else None
    return _at_line(f"The body is not Python: {said}.", "Look at the marked line of the body.", line)


def _at_line(message: str, hint: str, line: int | None) -> InvalidSql:
    where = f" (line {line} of the body)" if line else ""
    raised = InvalidSql(message.removesuffix(".") + where + ".", hint=hint)
    raised.body_line = line  # type: ignore[attr-defined]
    return raised
