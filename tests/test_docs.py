"""The Python code of every page in docs/ runs, and prints what the page says that it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
OPTIONAL = ("optax", "h5py", "yaml", "sklearn", "matplotlib")


def blocks(page):
    """Yield (line, code) for each fenced block that is marked as python."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def promised(code):
    """Return what a block says that it prints: the comments behind its print calls."""
    return re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page):
    namespace = {"__name__": "__main__"}
    for line, code in blocks(page):
        # Empty lines in front, so that a traceback names the line of the page.
        compiled = compile("\n" * (line - 1) + code, str(page), "exec")
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output):
                exec(compiled, namespace)
        except ModuleNotFoundError as error:
            if error.name in OPTIONAL:
                pytest.skip(f"{error.name} is not installed; {page.name} ran up to line {line}")
            raise
        if promised(code):
            assert output.getvalue().splitlines() == promised(code), f"{page.name}, line {line}"


def test_there_are_pages_with_code():
    assert any(page.name == "functional.md" for page in PAGES)
    assert len(list(blocks(next(page for page in PAGES if page.name == "functional.md")))) > 10
