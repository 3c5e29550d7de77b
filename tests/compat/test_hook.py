"""`import keras` gives jkeras."""

import copy
import importlib
import pickle
import subprocess
import sys
from types import ModuleType

import pytest

import jkeras
from jkeras.compat import hook
from tests.compat.conftest import forget


@pytest.fixture
def keras():
    with forget("keras", "tensorflow", "theano"):
        jkeras.install_as_keras()
        import keras

        yield keras


def test_modules_are_the_same_objects_under_both_names(keras):
    import keras.backend as K
    import keras.layers.core
    from keras.layers.core import Dense
    from keras.utils import np_utils

    import jkeras.backend
    import jkeras.layers
    import jkeras.utils.np_utils

    assert K is jkeras.backend
    assert keras.layers.core is jkeras.layers.core
    assert np_utils is jkeras.utils.np_utils
    assert sys.modules["keras.layers"] is sys.modules["jkeras.layers"]
    assert importlib.import_module("keras.models").Sequential is jkeras.models.Sequential
    assert Dense is jkeras.layers.Dense
    assert keras.optimizers is jkeras.optimizers  # without an import of its own


def test_a_module_keeps_its_own_name_and_spec(keras):
    import keras.regularizers

    assert keras.regularizers.__name__ == keras.regularizers.__spec__.name == "jkeras.regularizers"
    assert importlib.reload(keras) is keras


def test_the_package_is_keras_1_2_2(keras):
    assert keras.__version__ == "1.2.2"
    assert jkeras.__version__ != "1.2.2"
    assert "layers" in dir(keras)
    with pytest.raises(AttributeError, match="layer"):
        _ = keras.layer
    keras.answer = 42  # a script may hang things on it
    assert keras.answer == 42


def test_pickles_and_copies_agree(keras):
    from keras.layers import Dense
    from keras.regularizers import l2

    assert pickle.loads(pickle.dumps(Dense)) is jkeras.layers.Dense
    # As a pickle of Keras 1 names it.
    assert pickle.loads(b"ckeras.layers.core\nDense\n.") is jkeras.layers.Dense
    assert isinstance(copy.deepcopy(l2(0.1)), jkeras.regularizers.L1L2Regularizer)


def test_what_there_is_not_raises_import_errors(keras):
    message = r"No module named 'keras\.layer': .*Perhaps you meant 'layers'"
    with pytest.raises(ModuleNotFoundError, match=message) as error:
        importlib.import_module("keras.layer")
    assert error.value.name == "keras.layer"
    with pytest.raises(ModuleNotFoundError, match=r"keras\.models\.nothing"):
        importlib.import_module("keras.models.nothing")
    with pytest.raises(ImportError, match="Densest"):
        exec("from keras.layers import Densest")


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow.python.framework"])
def test_tensorflow_says_what_to_use_instead(keras, name):
    with pytest.raises(ModuleNotFoundError, match=r"'tensorflow.*K\.function") as error:
        importlib.import_module(name)
    assert error.value.name == "tensorflow"
    from keras import backend as K

    with pytest.raises(NotImplementedError, match=r"K\.get_session\(\): .*K\.function"):
        K.get_session()
    with pytest.raises(NotImplementedError, match=r"the line can go"):
        K.set_session(None)


def test_the_backends_of_keras_1_are_views_of_ours(keras):
    import keras.backend.tensorflow_backend as KTF
    import keras.backend.theano_backend as KTH

    assert KTF.dot is KTH.dot is jkeras.backend.dot
    assert KTF.set_session is jkeras.backend.set_session
    assert "dot" in dir(KTF)


def test_clear_session_starts_names_and_phase_anew():
    from jkeras import backend as K
    from jkeras.layers import Dense

    assert [Dense(1).name, Dense(1).name] == ["dense_1", "dense_2"]
    K.set_learning_phase(1)
    K.clear_session()
    assert K.learning_phase() == 0
    assert Dense(1).name == "dense_1"


@pytest.mark.parametrize("name", ["keras", "tensorflow", "theano"])
def test_another_one_that_is_imported_already_stops_it(name):
    with forget("keras", "tensorflow", "theano"):
        other = ModuleType(name)
        other.__file__ = f"/site-packages/{name}/__init__.py"
        sys.modules[name] = other
        with pytest.raises(RuntimeError, match=f"{name} is already imported, from /site-packages/{name}/__init__.py"):
            jkeras.install_as_keras(theano=True)
        assert not hook.is_installed()


def test_to_install_it_twice_is_to_install_it_once(keras):
    jkeras.install_as_keras()
    jkeras.install_as_keras(theano=True)
    assert sum(finder is hook._finder for finder in sys.meta_path) == 1
    import theano

    assert theano.tensor


def test_theano_is_opt_in(keras):
    assert "theano" not in hook._finder.find


def test_installing_and_import_keras_import_no_jax():
    code = "import sys, jkeras; jkeras.install_as_keras(); import keras; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
