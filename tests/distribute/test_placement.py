"""What is said of meshes and rules that do not fit; and a mesh of one device."""

import socket

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

import jkeras
from jkeras.distribute.placement import Placement
from jkeras.layers import Dense
from jkeras.models import Sequential
from tests.distribute.networks import compiled, mesh, mlp


def test_batches_are_split_over_the_axis_of_that_name():
    devices = np.array(jax.devices()[:1]).reshape(1, 1)
    assert Placement(Mesh(devices, ("model", "batch"))).axis == "batch"
    assert Placement(Mesh(devices, ("model", "data"))).axis == "data"
    assert Placement(Mesh(devices, ("x", "y"))).axis == "x"


def test_a_mesh_of_one_device_changes_nothing():
    model, x, y = compiled(mlp)
    expected = model.fit(x, y, nb_epoch=1, verbose=0).history
    model, x, y = compiled(mlp)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], mesh=mesh(1))
    assert model.fit(x, y, nb_epoch=1, verbose=0).history == expected
    assert model.layout().placement.parts == 1


@pytest.mark.parametrize(
    ("given", "rules", "error", "message"),
    [
        (8, None, TypeError, r"mesh is a jax.sharding.Mesh, such as .*; got int"),
        ("mesh", {"dense_1": ("batch",)}, TypeError, r"rules are a dict .* got 'dense_1': \('batch',\)"),
        ("mesh", {"dense_1": P("model", None)}, ValueError, r"'dense_1' splits over the mesh axis 'model'; the mesh has"),
        ("mesh", {"dens_1": P("batch", None)}, ValueError, r"'dens_1'.* fits no weight of .* Perhaps you meant 'dense_1'"),
        ("mesh", {"dense_1": P("batch", None, None)}, ValueError, r"none of a layer of such a name has 3 axes"),
        (None, {"dense_1": P("batch")}, ValueError, r"compile: rules .*; give mesh= too"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(given, rules, error, message):
    model, x, y = compiled(mlp)
    with pytest.raises(error, match=message):
        model.compile("sgd", "mse", mesh=mesh(1) if given == "mesh" else given, rules=rules)
    model.fit(x, y, nb_epoch=1, verbose=0)  # as it was


@pytest.mark.parametrize("devices", [0, "cpu", [], [1]])
def test_devices_that_are_none(devices):
    with pytest.raises(ValueError, match=r"devices"), jkeras.distribute.data_parallel(devices):
        pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("10.0.0.1", 2, 0), "an address and a port, such as 10.0.0.1:8476; got '10.0.0.1'"),
        (("http://10.0.0.1:80", 2, 0), "an address and a port"),
        (("10.0.0.1:99999", 2, 0), "an address and a port"),
        (("10.0.0.1:8476", 2, 2), "Host 2 of 2: hosts are numbered from 0 to 1"),
    ],
)
def test_hosts_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        jkeras.distribute.connect(*arguments)


def test_a_host_that_is_not_there():
    before = jax.config.jax_enable_preemption_service
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # nobody listens
        with pytest.raises(
            RuntimeError, match=r"Host 1 of 2 did not find host 0 at the coordinator 127.0.0.1:\d+ within 0 s"
        ):
            jkeras.distribute.connect(f"127.0.0.1:{free.getsockname()[1]}", 2, 1, timeout=0)
    jax.config.update("jax_enable_preemption_service", before)


def test_a_port_that_another_program_has():
    before = jax.config.jax_enable_preemption_service
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            RuntimeError, match=rf"Host 0 cannot listen at the coordinator's port {port} .*Give another one"
        ):
            jkeras.distribute.connect(f"127.0.0.1:{port}", 2, 0)
    jax.config.update("jax_enable_preemption_service", before)


def test_a_model_that_is_not_compiled_predicts_on_the_mesh_around():
    with jkeras.distribute.data_parallel(1) as made:
        model = Sequential([Dense(2, input_dim=3)])
        model.predict(np.zeros((2, 3)))
        assert model.layout().placement.mesh == made
