"""The Python code of every page in docs/, of the README and of CONTRIBUTING runs, and prints what the page says that it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPTIONAL = ("optax", "h5py", "yaml", "sklearn", "matplotlib")


def blocks(page):
    """Yield (line, code) for each fenced block that is marked as python."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def promised(code):
    """Return what a block says that it prints: the comments behind its print calls."""
    return re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if list(blocks(page))], ids=lambda page: str(page.relative_to(ROOT))
)
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
    with_code = [page.relative_to(ROOT).as_posix() for page in PAGES if list(blocks(page))]
    assert {"README.md", "docs/getting_started.md", "docs/old_scripts.md"} <= set(with_code)
    assert len(list(blocks(ROOT / "docs" / "functional.md"))) > 10
