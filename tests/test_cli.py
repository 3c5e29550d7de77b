"""`jkeras run`: a script runs as if by python, with jkeras in place of Keras."""

import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from jkeras import cli
from tests.compat.conftest import forget

ENVIRONMENT = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(cli.__file__).parents[1])}
needs_fissix = pytest.mark.skipif(importlib.util.find_spec("fissix") is None, reason="fissix is not installed")


def python(folder, *arguments):
    """Run python in a folder; exit code, standard output and error."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def run(folder, *arguments):
    return python(folder, "-m", "jkeras", "run", *arguments)


# Nothing here imports keras, so that plain python can run it too.
SCRIPTS = {
    "surroundings": """'''A document string.'''
import os, pickle, sys
import helper
class Thing: pass
thing = pickle.loads(pickle.dumps(Thing()))
print(sys.argv, __name__, __file__, __doc__, __package__, __spec__, type(__loader__).__name__, __builtins__, os.getcwd())
print(sys.path[0], helper.__file__, open("data.txt").read(), sorted(globals()))
print(type(thing) is Thing, Thing.__module__, vars(sys.modules["__main__"]) is globals())
""",
    "traceback": "import helper\ndef f():\n    helper.fail(\n        1)\nf()\n",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error\n",
    "syntax": "print(1)\nx = = 2\n",
    "no_module": "import no_such_module\n",
    "exit_code": "import sys\nsys.exit(3)\n",
    "exit_message": "import sys\nsys.exit('that is all')\n",
    "exit_plain": "import atexit, sys\natexit.register(print, 'bye')\nsys.exit()\n",
    "excepthook": "import sys\nsys.excepthook = lambda kind, error, tb: print(kind, error, tb.tb_lineno)\n1 / 0\n",
    "latin1": "# -*- coding: latin-1 -*-\nprint(len('é'))\n",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_as_if_by_python(name, tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "helper.py").write_text("def fail(x):\n    raise KeyError(x)\n")
    (tmp_path / "data.txt").write_text("data")
    (tmp_path / "scripts" / f"{name}.py").write_text(SCRIPTS[name], encoding="utf-8")
    command = [f"./scripts/{name}.py", "--seed", "3", "--py2", "--", "-x", "run"]
    assert run(tmp_path, *command) == python(tmp_path, *command)


def test_ctrl_c_ends_with_the_code_of_a_shell(tmp_path):
    (tmp_path / "script.py").write_text("raise KeyboardInterrupt\n")
    code, _, error = run(tmp_path, "script.py")
    assert code == 130
    assert error == python(tmp_path, "script.py")[2]


def test_import_keras_gives_jkeras(tmp_path):
    (tmp_path / "script.py").write_text(
        """
import importlib, pickle, random, sys
import numpy as np
import keras
import keras.backend as K
from keras.layers.core import Dense, Activation
from keras.models import Sequential
import helper, jkeras
assert keras.__version__ == '1.2.2'
assert Dense is jkeras.layers.Dense is helper.Dense is importlib.import_module('keras.layers').Dense
assert pickle.loads(pickle.dumps(helper.double)) is helper.double and helper.double.__module__ == 'helper'
import theano.tensor as T
assert K.T is T
drawn = random.random(), np.random.rand()
model = Sequential([Dense(2, input_dim=3), Activation('softmax')])
model.compile('sgd', 'categorical_crossentropy')
history = model.fit(np.random.rand(8, 3), np.eye(2)[[0, 1] * 4], nb_epoch=1, verbose=0)
print(K.backend(), K._BACKEND, K.image_dim_ordering(), K.floatx(), model.get_weights()[0].dtype)
print(*drawn, len(history.history['loss']), sys.argv[1:])
import tensorflow
"""
    )
    (tmp_path / "helper.py").write_text("from keras.layers import Dense\ndef double(x): return 2 * x\n")
    options = ["--backend-name", "theano", "--image-dim-ordering=tf", "--floatx", "float64", "--seed", "7"]
    code, output, error = run(tmp_path, *options, "script.py", "--nb-epoch", "1")
    assert code == 1
    drawn = f"{random.Random(7).random()} {np.random.RandomState(7).rand()}"
    assert output.splitlines() == ["theano theano tf float64 float64", f"{drawn} 1 ['--nb-epoch', '1']"]
    assert error.splitlines()[-1].startswith("ModuleNotFoundError: No module named 'tensorflow': with jkeras in place")


@needs_fissix
def test_python_2_is_translated_in_memory(tmp_path):
    script, helper = tmp_path / "script.py", tmp_path / "helper.py"
    script.write_text("import helper, keras\nprint 'half', helper.half(7), 7 / 2, keras.__version__\nhelper.fail(1)\n")
    helper.write_text("def half(n):\n    return n / 2\ndef fail((a)):\n    print 'failing'\n    raise ValueError, a\n")
    code, output, error = run(tmp_path, "--py2", "script.py")
    assert (code, output) == (1, "half 3 3 1.2.2\nfailing\n")
    assert [line.strip() for line in error.splitlines()] == [
        "Traceback (most recent call last):",
        f'File "{script}", line 3, in <module>',
        "helper.fail(1)",
        f'File "{helper}", line 5, in fail',
        "raise ValueError, a",
        "ValueError: 1",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "script.py"]


@needs_fissix
def test_a_syntax_error_of_python_2_is_shown_without_the_frames_of_the_translation(tmp_path):
    (tmp_path / "script.py").write_text("print 'one'\nx = = 2\n")
    code, _, error = run(tmp_path, "--py2", "script.py")
    assert code == 1
    assert [line.strip() for line in error.splitlines()] == [
        f'File "{tmp_path / "script.py"}", line 2',
        "x = = 2",
        "^",
        "SyntaxError: invalid syntax in Python 2 and in Python 3",
    ]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("print 'x'\n", True),
        ("try: pass\nexcept ValueError, e: pass\n", True),
        ("x = 0777\n", True),
        ("xrange(3)\n", True),
        ("import cPickle\n", True),
        ("{}.iteritems()\n", True),
        ("x = = 2\n", False),
        ("undefined\n", False),
        ("import no_such_module\n", False),
        ("{}.no_such()\n", False),
        ("1 / 0\n", False),
    ],
)
def test_an_error_of_python_2_source_points_to_the_option(source, hint, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["old.py", "3"])
    with pytest.raises((SyntaxError, NameError, ImportError, AttributeError, ZeroDivisionError)) as error:
        exec(compile(source, "old.py", "exec"), {})
    cli._hint_at_old_days(error.value)
    notes = getattr(error.value, "__notes__", [])
    assert notes == (["If this was written for Python 2, try:  jkeras run --py2 old.py 3"] if hint else [])


def test_a_keras_that_is_imported_already_stops_it(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text("print('never')\n")
    with forget("keras", "tensorflow", "theano"):
        sys.modules["keras"] = ModuleType("keras")
        assert cli.main(["run", str(script)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "jkeras run: keras is already imported" in captured.err


def test_without_fissix_the_extra_is_named(tmp_path, capsys, monkeypatch):
    (tmp_path / "script.py").write_text("print 'never'\n")
    monkeypatch.setitem(sys.modules, "fissix", None)
    assert cli.main(["run", "--py2", str(tmp_path / "script.py")]) == 1
    assert "pip install 'jkeras[py2]'" in capsys.readouterr().err


def test_a_script_that_is_not_there_has_the_exit_code_of_python(tmp_path, capsys):
    assert cli.main(["run", str(tmp_path / "nothing.py")]) == 2
    assert "can't open the script" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--version"], 0, "jkeras 0."),
        (["run", "--help"], 0, "--image-dim-ordering"),
        (["run"], 2, "script"),
        ([], 2, "command"),
        (["run", "--floatx", "float8", "script.py"], 2, "float8"),
        (["run", "--py", "script.py"], 2, "--py"),
        (["walk", "script.py"], 2, "walk"),
    ],
)
def test_the_command_line(arguments, code, text, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == code
    captured = capsys.readouterr()
    assert text in captured.out + captured.err


@pytest.mark.parametrize("line", ["from scipy.misc import imsave", "import scipy.misc; scipy.misc.imread('x.png')"])
@pytest.mark.filterwarnings("ignore:scipy.misc")
def test_images_of_old_scipy_are_told_where_to_get(line):
    with pytest.raises((ImportError, AttributeError)) as error:
        exec(line)
    cli._hint_at_old_days(error.value)
    assert "package imageio" in error.value.__notes__[0]


def test_a_missing_six_is_told_where_to_get(tmp_path):
    (tmp_path / "script.py").write_text("from six.moves import range\n")
    (tmp_path / "start.py").write_text(
        "import sys; sys.modules['six'] = None\nfrom jkeras.cli import main\nsys.exit(main(['run', 'script.py']))"
    )
    code, _, error = python(tmp_path, "start.py")
    assert code == 1
    assert "jkeras[py2]" in error
