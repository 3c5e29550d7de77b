"""What every layer keeps, whatever it computes; the layers stand in tests/contract.py."""

import inspect
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import layers
from jkeras.engine.config import constructor_arguments
from jkeras.engine.container import Container
from jkeras.engine.contract import Context
from jkeras.engine.input import InputLayer
from jkeras.engine.layer import Layer
from jkeras.engine.saving.config import layer_from_config, layer_registry
from jkeras.errors import MissingStateError
from jkeras.models import Model
from tests.contract import DESCRIPTORS, Descriptor, arrays, connect, values

every_layer = pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=lambda descriptor: descriptor.name)


def built(descriptor: Descriptor, **kwargs: Any) -> Layer:
    layer = descriptor.make(**kwargs)
    connect(descriptor, layer)
    return layer


def shapes_of(tree: Any) -> Any:
    return jax.tree.map(jnp.shape, tree)


def input_shape(descriptor: Descriptor, *, batch: bool = True) -> Any:
    shapes = [shape if batch else (None, *shape[1:]) for shape in descriptor.shapes]
    return shapes if len(shapes) > 1 else shapes[0]


def equal(tree: Any, other: Any) -> bool:
    return bool(jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.array_equal(a, b)), tree, other)))


def test_every_registered_layer_has_a_line() -> None:
    described = {descriptor.cls for descriptor in DESCRIPTORS} | {InputLayer}
    registered = {cls for cls in layer_registry.entries.values() if not issubclass(cls, Container)}
    assert registered <= described


def test_every_layer_that_is_exported_can_be_named_in_a_config() -> None:
    exported = {getattr(layers, name) for name in layers.__all__}
    classes = {entry for entry in exported if inspect.isclass(entry) and issubclass(entry, Layer)}
    bases = {layers.Layer, layers.ConvRecurrent2D, layers.Recurrent, layers.Wrapper}
    assert classes - bases <= set(layer_registry.entries.values())


def inference(layer: Layer, x: Any) -> Any:
    return layer.apply_with_state(layer.params, layer.state, x)[0]


@every_layer
def test_shapes_are_those_of_apply(descriptor: Descriptor) -> None:
    layer = built(descriptor)
    params, state = layer.init(jax.random.key(0), input_shape(descriptor))
    traced = jax.eval_shape(lambda x: layer.apply_with_state(params, state, x, Context())[0], arrays(descriptor))
    known = layer.get_output_shape_for(input_shape(descriptor))
    assert known == traced.shape
    assert layer.get_output_shape_for(input_shape(descriptor, batch=False)) == (None, *known[1:])
    assert layer.output_shape == (None, *known[1:])
    assert layer.inbound_nodes[0].output_tensors[0].dtype == traced.dtype.name


@every_layer
def test_jit_gives_what_the_plain_call_gives(descriptor: Descriptor) -> None:
    layer, x = built(descriptor), arrays(descriptor)
    plain, state = layer.apply_with_state(layer.params, layer.state, x)
    assert equal(state, layer.state)
    jitted, _ = jax.jit(layer.apply_with_state)(layer.params, layer.state, x)
    np.testing.assert_allclose(jitted, plain, rtol=1e-6, atol=1e-6)
    if not layer.has_state or not descriptor.needs_state:
        np.testing.assert_array_equal(layer.apply(layer.params, x), plain)
    else:
        with pytest.raises(MissingStateError, match=f"'{layer.name}' has"):
            layer.apply(layer.params, x)


@every_layer
def test_gradients_are_finite(descriptor: Descriptor) -> None:
    layer, x = built(descriptor), arrays(descriptor)
    ctx = Context(train=True, key=jax.random.key(0))
    floats = descriptor.high is None

    @jax.jit
    def gradients(params: Any, inputs: Any) -> Any:
        def total(params: Any, inputs: Any) -> Any:
            return jnp.sum(jnp.square(layer.apply_with_state(params, layer.state, inputs, ctx)[0]))

        return jax.grad(total, argnums=(0, 1) if floats else 0)(params, inputs)

    for inputs in (x, jax.tree.map(jnp.zeros_like, x)):
        found = gradients(layer.params, inputs)
        assert shapes_of(found) == shapes_of((layer.params, x) if floats else layer.params)
        for gradient in jax.tree.leaves(found):
            assert bool(jnp.isfinite(gradient).all())


@every_layer
def test_init_is_pure(descriptor: Descriptor) -> None:
    layer = built(descriptor)
    before = (layer.params, layer.state)
    one = layer.init(jax.random.key(0))
    assert shapes_of(one) == shapes_of(before)
    assert equal(one, layer.init(jax.random.key(0)))
    assert shapes_of(layer.init(jax.random.key(0), input_shape(descriptor))) == shapes_of(before)
    assert equal((layer.params, layer.state), before)
    many = jax.jit(jax.vmap(layer.init))(jax.random.split(jax.random.key(0), 3))
    assert shapes_of(many) == jax.tree.map(lambda array: (3, *array.shape), before)
    if "W" in layer.params:
        assert not jnp.array_equal(many[0]["W"][0], many[0]["W"][1])


@every_layer
def test_init_needs_no_connection(descriptor: Descriptor) -> None:
    expected = built(descriptor).init(jax.random.key(0))
    assert shapes_of(descriptor.make().init(jax.random.key(0), input_shape(descriptor))) == shapes_of(expected) or (
        descriptor.cls is layers.TimeDistributed  # the name of the inner layer counts up
    )


@every_layer
def test_weights_can_be_read_and_set(descriptor: Descriptor) -> None:
    layer, other, x = built(descriptor), built(descriptor), arrays(descriptor)
    weights = layer.get_weights()
    owners = [owner for owner in (layer, *layer.sublayers()) if owner.owns_arrays]
    names = {f"{owner.name}_{name}" for owner in owners for name in {**owner.params, **owner.state}}
    assert {weight.name for weight in layer.weights} == names
    assert len(weights) == len(jax.tree.leaves((layer.params, layer.state)))
    assert layer.count_params() == sum(weight.size for weight in weights)
    other.set_weights(weights)
    for one, two in zip(other.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(inference(other, x), inference(layer, x))
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(weights)


@every_layer
def test_weights_given_to_the_constructor_are_the_initial_ones(descriptor: Descriptor) -> None:
    weights = built(descriptor).get_weights()
    if weights:
        given = [np.full_like(weight, 0.5) for weight in weights]
        for weight in built(descriptor, weights=given).get_weights():
            np.testing.assert_array_equal(weight, np.full_like(weight, 0.5))


@every_layer
def test_a_model_around_it_computes_the_same(descriptor: Descriptor) -> None:
    layer, x = descriptor.make(), arrays(descriptor)
    inputs, output = connect(descriptor, layer)
    model = Model(inputs, output)
    shell = model.predict(jax.tree.map(np.asarray, x))
    np.testing.assert_allclose(shell, inference(layer, x), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(shell, jax.jit(model.apply)(model.params, x, state=model.state))


# ---- training


@every_layer
def test_training_is_a_function_of_the_key(descriptor: Descriptor) -> None:
    layer, x = built(descriptor), arrays(descriptor)

    def train(seed: int) -> Any:
        return layer.apply_with_state(layer.params, layer.state, x, Context(train=True, key=jax.random.key(seed)))[0]

    assert jnp.array_equal(train(0), train(0))
    differ = any(not jnp.array_equal(train(0), train(seed)) for seed in range(1, 6))
    assert differ is descriptor.random


@pytest.mark.parametrize("descriptor", [entry for entry in DESCRIPTORS if entry.random], ids=lambda entry: entry.name)
def test_training_without_a_key_says_which_layer_needs_one(descriptor: Descriptor) -> None:
    layer = built(descriptor)
    name = [layer, *layer.sublayers()][-1].name
    with pytest.raises(ValueError, match=rf"Layer '{name}' .* is random while training and needs a key"):
        layer.apply_with_state(layer.params, layer.state, arrays(descriptor), Context(train=True))


# ---- configs


@every_layer
def test_config_is_read_back(descriptor: Descriptor) -> None:
    layer = built(descriptor, name="it")
    config = through_json({"class_name": descriptor.cls.__name__, "config": layer.get_config()})
    again = layer_from_config(config, descriptor.custom_objects)
    connect(descriptor, again)
    again.set_weights(layer.get_weights())
    assert type(again) is descriptor.cls
    assert through_json(again.get_config()) == config["config"]
    x = arrays(descriptor)
    np.testing.assert_array_equal(inference(again, x), inference(layer, x))


DESCRIBED = [descriptor for descriptor in DESCRIPTORS if descriptor.every_argument is not None]


def test_every_class_has_all_its_arguments_described() -> None:
    assert {descriptor.cls for descriptor in DESCRIPTORS} == {descriptor.cls for descriptor in DESCRIBED}


@pytest.mark.parametrize("descriptor", DESCRIBED, ids=lambda descriptor: descriptor.cls.__name__)
def test_config_holds_every_argument(descriptor: Descriptor) -> None:
    arguments = values(descriptor.every_argument)
    names = set(constructor_arguments(descriptor.cls, Layer)) - descriptor.not_in_config
    assert set(arguments) == names
    # The base class's arguments are every layer's; those of a Merge come from its inputs.
    common = (
        {}
        if descriptor.cls is layers.Merge
        else {"trainable": False, "batch_input_shape": (4, *descriptor.shapes[0][1:])}
    )
    layer = descriptor.cls(**arguments, name="it", **common)
    config = through_json(layer.get_config())
    assert set(config) >= names | set(common)
    defaults = {
        parameter.name: parameter.default
        for owner in descriptor.cls.__mro__
        for parameter in inspect.signature(owner.__init__).parameters.values()
    }
    for name in names:
        assert config[name] != defaults.get(name), f"{name} is at its default"
    again = layer_from_config({"class_name": descriptor.cls.__name__, "config": config}, descriptor.custom_objects)
    assert through_json(again.get_config()) == config
    for name, value in vars(layer).items():
        if name in arguments and not callable(value) and not isinstance(value, Layer):
            assert vars(again)[name] == value
            assert type(vars(again)[name]) is type(value)


def test_the_name_is_kept_and_counts_up_where_it_is_not_given() -> None:
    assert [layers.Dense(2).name, layers.Dense(2).name, layers.Dense(2, name="mine").name] == [
        "dense_1",
        "dense_2",
        "mine",
    ]


def through_json(config: Any) -> Any:
    return json.loads(json.dumps(config))


# ---- masks


@every_layer
def test_masks(descriptor: Descriptor) -> None:
    layer, x = descriptor.make(), arrays(descriptor)
    if descriptor.mask == "refuses":
        with pytest.raises(ValueError, match=f"'{layer.name}' .* does not support masking"):
            connect_masked(descriptor, layer)
        return
    rng = np.random.default_rng(0)
    recurrent = issubclass(descriptor.cls, layers.Recurrent)
    masks = [jnp.asarray(rng.random(shape[: 2 if recurrent else -1]) > 0.5) for shape in descriptor.shapes]
    one_mask = masks if len(masks) > 1 else masks[0]
    layer = built(descriptor)
    found = layer.run(layer.params, layer.state, x, Context(mask=one_mask)).mask
    unmasked = layer.run(layer.params, layer.state, x, Context(mask=None)).mask
    if descriptor.mask == "drops":
        assert found is None
    elif descriptor.mask == "passes":
        assert found is masks[0]
    else:
        assert found.dtype == bool
        assert found.shape == layer.get_output_shape_for(input_shape(descriptor))[: found.ndim]
    if descriptor.mask == "makes":
        assert jnp.array_equal(found, unmasked)
    else:
        assert unmasked is None
    if descriptor.high is None and not (recurrent and len(descriptor.shapes[0]) > 3):
        output = connect_masked(descriptor, descriptor.make())
        expected = None if found is None else (None, *found.shape[1:])
        assert (None if output.mask is None else output.mask.shape) == expected


def connect_masked(descriptor: Descriptor, layer: Layer) -> Any:
    tensors = [layers.Masking()(layers.Input(shape[1:])) for shape in descriptor.shapes]
    return layer(tensors if len(tensors) > 1 else tensors[0])
