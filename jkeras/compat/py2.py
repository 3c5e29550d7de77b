"""Python 2 source runs under Python 3: it is translated in memory, and no file is touched.

The package fissix (extra ``py2``) turns the syntax and the names of Python 2 into Python 3's. What it leaves is done on the
syntax tree: division, `decode` of text, and pickle. Line numbers in tracebacks are those of the source as it stands in the file.
"""

import ast
import functools
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from jkeras.errors import MissingExtraError

__all__ = ["compile_source", "install", "require_fissix", "translate"]

# What Python 2's pickle modules become.
_PICKLE = "jkeras.compat.py2_pickle"
_PICKLES = ("pickle", "cPickle")


def require_fissix() -> None:
    """Raise a `MissingExtraError` unless fissix is installed."""
    try:
        import fissix  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("fissix", "py2", "Running Python 2 source") from error


def install(root: Path) -> None:
    """Let modules in the folder `root` be translated when they are imported; what is installed there is left alone."""
    require_fissix()
    sys.meta_path.insert(0, _LocalFinder(root))


def compile_source(source: bytes, filename: str, package: bool = False) -> CodeType:
    """Compile Python 2 source.

    Its namespace must begin with `jkeras.compat.py2_runtime.NAMES`.

    Args:
        source: the content of the file.
        filename: its path.
        package: whether it is a module in a package, where Python 2 looked for imports in the package first.

    Raises:
        SyntaxError: it is neither Python 2 nor Python 3.
    """
    return compile(translate(decode_source(source), filename, package), filename, "exec", dont_inherit=True)


def translate(source: str, filename: str = "<string>", package: bool = False) -> ast.Module:
    """Return the syntax tree of Python 2 source in Python 3; Python 3 source that is not Python 2 as well stays as it is."""
    source = source if source.endswith("\n") else f"{source}\n"
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    try:
        translated = _refactoring_tool(package).refactor_string(source, filename)
    except (ParseError, TokenError, IndentationError) as error:
        try:
            return ast.parse(source, filename)
        except SyntaxError:
            raise _syntax_error(error, source, filename) from None
    try:
        tree = ast.parse(str(translated), filename)
    except TabError:  # Python 2 took a tab for as many spaces as reach the next multiple of 8
        return translate(_without_tabs(source), filename, package)
    features = translated.future_features
    tree = _Leftovers(divide="division" not in features).visit(tree)
    _restore_lines(tree, _line_map(translated))
    return tree


@functools.cache
def _refactoring_tool(package: bool) -> Any:
    require_fissix()
    from fissix import refactor

    left_out = {"fissix.fixes.fix_asserts", *(() if package else ("fissix.fixes.fix_import",))}
    fixers = [name for name in refactor.get_fixers_from_package("fissix.fixes") if name not in left_out]
    return refactor.RefactoringTool(fixers)


def _without_tabs(source: str) -> str:
    def expand(line: str) -> str:
        text = line.lstrip(" \t")
        return line[: len(line) - len(text)].expandtabs(8) + text

    return "".join(map(expand, source.splitlines(keepends=True)))


def _syntax_error(error: Exception, source: str, filename: str) -> SyntaxError:
    if isinstance(error, IndentationError):  # the tokenizer's, which does not know the file
        return IndentationError(error.msg, (filename, error.lineno, error.offset, error.text))
    # ParseError: context = (whitespace before, (line, column)); TokenError: args = (message, (line, column))
    context = getattr(error, "context", None)
    line, column = context[1] if context is not None else error.args[1]
    lines = source.splitlines()
    text = lines[line - 1] if line <= len(lines) else ""
    return SyntaxError("invalid syntax in Python 2 and in Python 3", (filename, line, column + 1, text))


class _Leftovers(ast.NodeTransformer):
    """Translates what fissix does not.

    Args:
        divide: whether ``/`` is Python 2's.
    """

    def __init__(self, divide: bool):
        self.divide = divide

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not (self.divide and isinstance(node.op, ast.Div)):
            return node
        return _call("__py2_div__", node.left, node.right, at=node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "decode"):
            return node
        call = _call("__py2_decode__", node.func.value, *node.args, at=node)
        call.keywords = node.keywords
        return call

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not (self.divide and isinstance(node.op, ast.Div)):
            return node
        target = node.target
        if isinstance(target, ast.Attribute):
            name = ast.copy_location(ast.Constant(target.attr), node)
            call = _call("__py2_idiv_attribute__", target.value, name, node.value, at=node)
        elif isinstance(target, ast.Subscript):
            call = _call("__py2_idiv_item__", target.value, _index(target.slice), node.value, at=node)
        else:
            read = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            value = _call("__py2_idiv__", read, node.value, at=node)
            return ast.copy_location(ast.Assign([target], value), node)
        return ast.copy_location(ast.Expr(call), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        for old, new in (("__div__", "__truediv__"), ("__rdiv__", "__rtruediv__"), ("__idiv__", "__itruediv__")):
            if old in methods and new not in methods:
                assign = ast.Assign([ast.Name(new, ast.Store())], ast.Name(old, ast.Load()))
                node.body.append(ast.fix_missing_locations(ast.copy_location(assign, node.body[-1])))
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in _PICKLES:
                alias.name, alias.asname = _PICKLE, alias.asname or alias.name
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module in _PICKLES and not node.level:
            node.module = _PICKLE
        return node


def _call(name: str, *arguments: ast.expr, at: ast.AST) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), at)
    return ast.copy_location(ast.Call(function, list(arguments), []), at)


def _index(index: ast.expr) -> ast.expr:
    """Return the expression of an index; ``a:b`` stands only between brackets, so it becomes ``slice(a, b, None)``."""
    if isinstance(index, ast.Tuple):
        return ast.copy_location(ast.Tuple([_index(entry) for entry in index.elts], ast.Load()), index)
    if not isinstance(index, ast.Slice):
        return index
    parts = (part or ast.copy_location(ast.Constant(None), index) for part in (index.lower, index.upper, index.step))
    return _call("slice", *parts, at=index)


def _line_map(translated: Any) -> dict[int, int]:
    """Return, for each line of the translation, the line of the source that it comes from."""
    lines: dict[int, int] = {}
    line = 1
    for leaf in translated.leaves():
        line += leaf.prefix.count("\n")
        if leaf.lineno:  # what fissix has added has none
            lines.setdefault(line, leaf.lineno)
        line += leaf.value.count("\n")
    return lines


def _restore_lines(tree: ast.AST, lines: Mapping[int, int]) -> None:
    """Give all nodes the lines of the source, and no columns: tracebacks would point at wrong parts of the line."""
    known = 1
    nearest = {line: (known := lines.get(line, known)) for line in range(1, max(lines, default=1) + 1)}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword | ast.alias):
            node.lineno = node.end_lineno = nearest.get(node.lineno, known)
            node.col_offset = node.end_col_offset = -1


class _LocalFinder(MetaPathFinder):
    """Finds the modules of a folder as Python does, and has them loaded by `_Loader`."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        installed = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        # Also jkeras itself, for a script that stands beside it.
        self.left_alone = [Path(path).resolve() for path in installed] + [Path(__file__).resolve().parents[1]]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        file = Path(spec.origin).resolve()
        if not file.is_relative_to(self.root) or any(file.is_relative_to(folder) for folder in self.left_alone):
            return None
        spec.loader, spec.cached = _Loader(fullname, spec.origin), None
        return spec


class _Loader(SourceFileLoader):
    """Loads a module of Python 2 source; its bytecode is not kept."""

    def get_code(self, fullname: str) -> CodeType:
        return compile_source(self.get_data(self.path), self.path, package="." in fullname or self.is_package(fullname))

    def exec_module(self, module: ModuleType) -> None:
        from jkeras.compat.py2_runtime import NAMES

        vars(module).update(NAMES)
        super().exec_module(module)
