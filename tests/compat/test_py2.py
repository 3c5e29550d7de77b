"""Python 2 source under Python 3."""

import io
import pickle
import string
import sys
import traceback

import numpy as np
import pytest

from jkeras.compat import py2, py2_pickle, py2_runtime
from jkeras.compat.py2_runtime import NAMES
from jkeras.errors import MissingExtraError

pytest.importorskip("fissix")


def run(source):
    """What a script leaves in its namespace."""
    names = {"__name__": "__main__", **NAMES}
    exec(py2.compile_source(source.encode(), "script.py"), names)
    return names


def value(expression):
    return run(f"result = {expression}\n")["result"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2, -7 / 2, 7. / 2, True / 2", (3, -4, 3.5, 0)),
        ("(lambda (a, b): a / b)((9, 2))", 4),
        ("map(lambda x: x + 1, range(3)), zip([1], [2]), filter(None, [0, 1])", ([1, 2, 3], [(1, 2)], [1])),
        ("reduce(lambda a, b: a * b, xrange(1, 5))", 24),
        ("sorted({'a': 1}.iteritems()), {'a': 1}.has_key('a'), {'a': 1}.keys()[0]", ([("a", 1)], True, "a")),
        ("0777, 10L, `12`, 1 <> 2", (511, 10, "12", True)),
        ("isinstance(u'x', unicode), isinstance('x', basestring), unichr(65), cmp(1, 2)", (True, True, "A", -1)),
        ("round(2.5), round(-0.5), round(5) / 2, round(2.678, 2), round(25, -1)", (3.0, -1.0, 2.5, 2.68, 30.0)),
        ("'a'.decode('utf-8'), b'b'.decode(encoding='ascii')", ("a", "b")),
        ("[f.__name__ for f in (raw_input, reduce, xrange)]", ["input", "reduce", "range"]),
    ],
)
def test_expressions(expression, expected):
    assert value(expression) == expected


def test_modules_have_what_python_2_had(monkeypatch):
    for module, names in ((string, ("letters", "lowercase", "join", "atoi", "upper")), (sys, ("setdefaultencoding",))):
        for name in names:
            monkeypatch.delattr(module, name, raising=False)
    py2_runtime.complete_modules()
    run(
        "import string, sys\nreload(sys)\nsys.setdefaultencoding('utf-8')\n"
        "assert string.letters[:2] + string.lowercase[-1] == 'abz'\n"
        "assert string.join(['a', 'b'], '-') == 'a-b' and string.join(['a', 'b']) == 'a b'\n"
        "assert string.atoi('7') == 7 and string.upper('a') == 'A'\n"
    )


def test_statements(capsys):
    names = run(
        """
import cPickle, ConfigParser, StringIO
from itertools import izip
from urllib2 import urlopen, HTTPError
print "one", 2,
print "three"
print >>StringIO.StringIO(), "nowhere"
print
exec "x = 1"
try:
    raise ValueError, "bad"
except ValueError, error:
    message = str(error)
pairs = list(izip([1], [2]))
"""
    )
    assert capsys.readouterr().out == "one 2 three\n\n"
    assert (names["x"], names["message"], names["pairs"]) == (1, "bad", [(1, 2)])


def test_division_in_place():
    names = run(
        """
import numpy as np
calls = []
def at(i):
    calls.append(i)
    return i
n = 9
n /= 2
f = 9.
f /= 2
class Box(object):
    size = 9
box = Box()
box.size /= 2
numbers = [7, 8]
numbers[at(0)] /= 2
grid = same = np.arange(12).reshape(3, 4)
grid[1:, ::2] /= 2
grid /= 3
floats = np.ones(2) * 3
floats /= 2
"""
    )
    assert (names["n"], names["f"], names["box"].size, names["numbers"], names["calls"]) == (4, 4.5, 4, [3, 8], [0])
    np.testing.assert_array_equal(names["grid"], np.array([[0, 1, 2, 3], [2, 5, 3, 7], [4, 9, 5, 11]]) // 3)
    assert names["same"] is names["grid"]
    np.testing.assert_array_equal(names["floats"], [1.5, 1.5])


def test_division_of_integer_arrays_and_of_classes():
    assert value("__import__('numpy').arange(5) / 2").tolist() == [0, 0, 1, 1, 2]
    names = run("class Path(object):\n    def __div__(self, other): return 'joined'\nresult = Path() / 3\n")
    assert names["result"] == "joined"


def test_true_division_where_the_source_asks_for_it():
    assert run("from __future__ import division\nx = 3 / 2\n")["x"] == 1.5
    assert run("'''Doc.'''\nfrom __future__ import print_function, division\nprint(end='')\nx = 3 / 2\n")["x"] == 1.5


def test_python_3_source_stays_as_it_is():
    assert run("def f(a, *, b): return a / b\nprint(end='')\nx = f(3, b=2)\n")["x"] == 1.5


def test_tabs_are_eight_spaces_wide():
    assert run("if 1:\n\tx = 1\n        y = 2\n")["y"] == 2


def test_tracebacks_have_the_lines_of_the_source():
    # Parameters taken apart, and an import, make the translation longer than the source.
    source = "\n".join(
        [
            "from urllib2 import urlopen, HTTPError",
            "def f((a, b)):",
            "    print a",
            "",
            "    raise ValueError, b",
            "f((1, 2))",
        ]
    )
    with pytest.raises(ValueError, match="2") as error:
        run(source)
    frames = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.value.__traceback__)]
    assert frames[-2:] == [("script.py", 6, "<module>"), ("script.py", 5, "f")]


@pytest.mark.parametrize(
    ("source", "line"), [("print 1\nx = = 3\n", 2), ("x = '''abc\n", 1), ("if 1:\n  x = 1\n y = 2\n", 3)]
)
def test_what_is_no_python_at_all_is_a_syntax_error_at_its_line(source, line):
    with pytest.raises(SyntaxError) as error:
        run(source)
    assert (error.value.filename, error.value.lineno) == ("script.py", line)


@pytest.fixture
def local(tmp_path, monkeypatch):
    """A folder whose modules are translated; what is imported from it is forgotten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = set(sys.modules)
    py2.install(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_modules_beside_the_script_are_translated_and_no_file_is_touched(local):
    (local / "local_helper.py").write_text("print 'half', 7 / 2\nimport local_package.inner\n")
    (local / "local_package").mkdir()
    (local / "local_package" / "__init__.py").write_text("import sibling\n")  # looks into the package first
    (local / "local_package" / "sibling.py").write_text("n = 7 / 2\n")
    (local / "local_package" / "inner.py").write_text("from sibling import n\nprint n\n")
    before = {path: path.stat().st_mtime_ns for path in sorted(local.rglob("*"))}
    import local_helper

    assert local_helper.local_package.inner.n == 3
    assert {path: path.stat().st_mtime_ns for path in sorted(local.rglob("*"))} == before


def test_installed_modules_are_left_alone(local):
    import jkeras

    finder = py2._LocalFinder(local.anchor and type(local)(local.anchor))  # even where all files are below the folder
    assert finder.find_spec("numpy") is None
    assert finder.find_spec("json") is None
    assert finder.find_spec("jkeras") is None
    assert jkeras.__version__


def test_pickles_that_python_2_wrote(tmp_path):
    array = b"\x80\x02U\x02\xe9\xffq\x01."  # '\xe9\xff', a string of Python 2
    assert py2_pickle.load(io.BytesIO(array)) == "\xe9\xff"
    assert py2_pickle.loads(array) == py2_pickle.loads(array.decode("latin1")) == "\xe9\xff"
    names = run(
        f"""
import cPickle
import cPickle as pickle
from cPickle import dumps
path = {str(tmp_path / "data.pkl")!r}
out = open(path, 'w')
pickle.dump({{'a': 1}}, out)
out.close()
file = open(path)
read = pickle.load(file)
file.close()
protocol = cPickle.HIGHEST_PROTOCOL, dumps(1)
"""
    )
    assert names["read"] == {"a": 1}
    assert names["protocol"] == (pickle.HIGHEST_PROTOCOL, pickle.dumps(1))


def test_without_fissix_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fissix", None)
    with pytest.raises(MissingExtraError, match=r"'fissix'.*pip install 'jkeras\[py2\]'"):
        py2.install(tmp_path)
