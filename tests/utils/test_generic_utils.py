"""Custom objects and look-up by name."""

import pytest

from jkeras import registry
from jkeras.utils import generic_utils
from jkeras.utils.generic_utils import CustomObjectScope, custom_object_scope, get_custom_objects, get_from_module

MODULE = {"tanh": lambda x: -x, "Sized": lambda size=1: ("sized", size), "_hidden": print, "constant": 3}


def test_custom_objects_are_the_registrys():
    assert get_custom_objects() is registry.custom_objects
    get_custom_objects()["mine"] = 1
    assert registry.Registry("thing").lookup("mine") == 1


def test_a_scope_adds_names_and_restores_what_was_there():
    get_custom_objects()["old"] = 1
    with custom_object_scope({"new": 2}, {"old": 3}) as scope:
        assert isinstance(scope, CustomObjectScope)
        assert get_custom_objects() == {"new": 2, "old": 3}
        get_custom_objects()["added inside"] = 4
        with CustomObjectScope({"inner": 5}):
            assert get_custom_objects()["inner"] == 5
        assert "inner" not in get_custom_objects()
    assert get_custom_objects() == {"old": 1}
    assert get_custom_objects() is registry.custom_objects


def test_a_scope_restores_after_an_error_and_can_be_entered_twice():
    scope = custom_object_scope({"a": 1})
    with pytest.raises(RuntimeError), scope, scope:
        raise RuntimeError
    assert get_custom_objects() == {}


def test_a_scope_wants_dicts():
    with pytest.raises(TypeError, match="takes dicts of names and objects"):
        custom_object_scope(print)


def test_get_from_module():
    assert get_from_module("tanh", MODULE, "activation") is MODULE["tanh"]
    assert get_from_module("Sized", MODULE, "thing", instantiate=True) == ("sized", 1)
    assert get_from_module("Sized", MODULE, "thing", instantiate=True, kwargs={"size": 2}) == ("sized", 2)
    assert get_from_module(print, MODULE, "thing") is print
    assert get_from_module(None, MODULE, "thing") is None
    config = {"name": "Sized", "size": 3}
    assert get_from_module(config, MODULE, "thing") == ("sized", 3)
    assert config == {"name": "Sized", "size": 3}  # Keras 1 took the name out of the caller's dict


def test_get_from_module_prefers_custom_objects():
    with custom_object_scope({"tanh": abs}):
        assert get_from_module("tanh", MODULE, "activation") is abs
    assert get_from_module("tanh", MODULE, "activation") is MODULE["tanh"]


def test_get_from_module_explains_what_is_unknown():
    with pytest.raises(ValueError, match=r"Unknown activation: 'tanhh'. Perhaps you meant 'tanh'"):
        get_from_module("tanhh", MODULE, "activation")
    with pytest.raises(ValueError, match=r"Unknown activation: 'zzz'. Known are: Sized, tanh\.$"):
        get_from_module({"name": "zzz"}, MODULE, "activation")
    with pytest.raises(ValueError, match="needs the key 'name'; got keys \\['size'\\]"):
        get_from_module({"size": 1}, MODULE, "activation")


def test_make_tuple():
    assert generic_utils.make_tuple(1, "a") == (1, "a")
