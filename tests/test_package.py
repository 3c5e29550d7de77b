"""The top of the package: what `import jkeras` offers, and what it does not do yet."""

import subprocess
import sys

import pytest

import jkeras


def test_importing_the_package_imports_next_to_nothing():
    code = (
        "import sys, jkeras; heavy = {'jax', 'numpy'} & set(sys.modules); assert not heavy, heavy; "
        "assert jkeras.activations.tanh and 'jax' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


FUNCTIONS = ("__version__", "enable_compilation_cache", "ensemble", "install_as_keras", "load_pytree", "save_pytree")


@pytest.mark.parametrize("name", [name for name in jkeras.__all__ if name not in FUNCTIONS])
def test_submodules_are_attributes(name):
    assert name in dir(jkeras)
    assert getattr(jkeras, name).__name__ == f"jkeras.{name}"


def test_an_unknown_attribute_names_the_close_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'layer'\. Perhaps you meant 'layers'"):
        _ = jkeras.layer
