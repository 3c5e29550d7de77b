"""The code that docstrings show as blocks runs, in surroundings that say what its names stand for.

Examples with `>>>` are run by --doctest-modules.
"""

import ast
import re
import textwrap
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MODEL = """
import numpy as np
from jkeras import backend as K
from jkeras.layers import Activation, Dense, Input
from jkeras.models import Model, Sequential
"""
FITTED = (
    MODEL
    + """
from jkeras.callbacks import EarlyStopping, Resume
model = Sequential([Dense(1, input_dim=3, name="only")])
model.compile("sgd", "mse")
x, y = np.ones((64, 3)), np.zeros((64, 1))
"""
)
PARAMS = """
import jax, jax.numpy as jnp, jkeras
from jkeras.optim.sgd import sgd
transformation = sgd(lr=0.1)
params = grads = {"W": jnp.ones(2)}
"""
SURROUNDINGS = {
    "jkeras/initializations.py module": "import jax; from jkeras import initializations",
    "jkeras/registry.py module": "from jkeras.registry import Registry",
    "jkeras/models.py Sequential": MODEL,
    "jkeras/optim/base.py Transformation": PARAMS,
    "jkeras/engine/model.py Model": MODEL + "images, labels = np.ones((8, 784)), np.eye(10)[:8]",
    "jkeras/engine/layer.py module": "from jkeras import initializations; from jkeras.engine.layer import Layer\n"
    "from jkeras.engine.contract import Weight",
    "jkeras/engine/total.py module": FITTED + "import numpy",
    "jkeras/engine/saving/pytree.py load_pytree": PARAMS,
    "jkeras/backend/config.py module": "",
    "jkeras/distribute/placement.py data_parallel": "",
    "jkeras/engine/devices.py distribute": "",
    "jkeras/callbacks/resume.py Resume": FITTED + "import itertools; resume = Resume('other.jk')",
    "jkeras/preprocessing/image_iterators.py Iterator": "import numpy as np\n"
    "from jkeras.preprocessing.image import Iterator\nself = Iterator(8, 2, False, None)",
    "jkeras/legacy/models.py Graph": MODEL + "from jkeras.legacy.models import Graph\n"
    "x, y = np.ones((8, 32)), np.zeros((8, 1))",
    "jkeras/utils/generic_utils.py CustomObjectScope": MODEL
    + "from jkeras.engine.topology import Layer\nfrom jkeras.models import model_from_json\n"
    "from jkeras.utils.generic_utils import CustomObjectScope\n"
    "class MyLayer(Layer):\n    call = lambda self, x, mask=None: x\ntext = Sequential([MyLayer(input_shape=(2,))]).to_json()",
    "jkeras/utils/io_utils.py HDF5Matrix": FITTED + "import h5py\nfrom jkeras.utils.io_utils import HDF5Matrix\n"
    "with h5py.File('images.h5', 'w') as file: file['X'] = np.ones((50000, 3), 'float32')\ny = np.zeros((50000, 1))",
}


def blocks():
    """Yield (where, code) for each indented block behind '::' in a docstring that is Python."""
    for path in sorted((ROOT / "jkeras").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = (ast.get_docstring(node) or "") + "\n"
                for match in re.finditer(r"::\n\n((?:    .*\n|\n)+)", text):
                    code = textwrap.dedent(match.group(1)).strip()
                    if is_python(code):
                        yield f"{path.relative_to(ROOT).as_posix()} {getattr(node, 'name', 'module')}", code


def is_python(code):
    """Whether it is: formulas are not."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


BLOCKS = list(blocks())


@pytest.mark.parametrize("where, code", BLOCKS, ids=[where for where, _ in BLOCKS])
def test_the_code_of_a_docstring_runs(where, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    with warnings.catch_warnings():
        exec(SURROUNDINGS[where], namespace)
        exec(compile(code, where, "exec"), namespace)


def test_no_surroundings_are_left_over():
    assert {where for where, _ in BLOCKS} == set(SURROUNDINGS)
