"""Names that come later: importable, with their signature, refusing on use."""

import inspect

import pytest

from jkeras.compat.later import is_later, later
from jkeras.layers import Layer


@later("shining")
def shine(x, brightness=1.0):
    """Shine."""


@later("shining")
class Lamp(Layer):
    """A lamp."""

    def __init__(self, watts=60, **kwargs): ...


def test_signatures_and_documentation_stay():
    assert str(inspect.signature(shine)) == "(x, brightness=1.0)"
    assert shine.__name__ == "shine"
    assert shine.__doc__ == "Shine."
    assert str(inspect.signature(Lamp)) == "(watts=60, **kwargs)"
    assert issubclass(Lamp, Layer)


def test_use_is_refused_with_the_reason():
    with pytest.raises(
        NotImplementedError, match=r"shine is not implemented yet\. It comes with a later version: shining\."
    ):
        shine(1)
    for make in (Lamp, lambda: Lamp(watts=3), lambda: Lamp.from_config({"watts": 3})):
        with pytest.raises(NotImplementedError, match="Lamp is not implemented yet"):
            make()


def test_a_script_may_extend_a_class_that_comes_later():
    class Lantern(Lamp):
        def __init__(self):
            super().__init__(watts=5)

    assert is_later(Lantern)
    with pytest.raises(NotImplementedError, match="Lamp is not implemented yet"):
        Lantern()


def test_only_marked_things_come_later():
    assert is_later(shine)
    assert not any(is_later(thing) for thing in (Layer, len, None, {}, Layer.call))
