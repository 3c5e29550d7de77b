"""``jkeras inspect``, ``summary``, ``plot`` and ``convert``."""

import json
import marshal
import sys

import h5py
import numpy as np
import pytest

from jkeras.cli import main
from jkeras.layers import GRU, BatchNormalization, Convolution2D, Dense, Embedding, Input, Lambda
from jkeras.models import Model, Sequential, load_model


def saved(path):
    model = Sequential([Embedding(10, 4, input_length=5, name="words"), GRU(3, name="steps"), Dense(2, name="out")])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 5)), np.ones((4, 2)), nb_epoch=1, verbose=0)
    model.save(str(path))
    return model


@pytest.mark.parametrize("suffix", ["h5", "jk"])
def test_inspect(tmp_path, capsys, suffix):
    path = tmp_path / f"model.{suffix}"
    model = saved(path)
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert "SUSPICIOUS" not in out
    for line in ("Embedding 'words'", "GRU 'steps'", 'compiled: optimizer Adam, loss "mse"', "numbers in all"):
        assert line in out
    norm = np.linalg.norm(model.get_layer("out").get_weights()[0])
    assert f"out_W                                (3, 2)                 norm {norm:.4g}" in out


def test_inspect_tells_what_is_suspicious_and_runs_nothing(tmp_path, capsys):
    path = tmp_path / "model.h5"
    model = Sequential([Dense(2, input_dim=3, name="out"), Lambda(lambda x: x, name="code")])
    model.layers[0].set_weights([np.full((3, 2), np.nan), np.zeros(2)])
    model.save(str(path))
    evil = compile(f"open({str(tmp_path / 'evil')!r}, 'w').write('x')", "<evil>", "exec")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"][1]["config"].update(
            function=[marshal.dumps(evil).decode("raw_unicode_escape"), None, None], function_type="lambda"
        )
        config["config"].append({"class_name": "os.system", "config": {"name": "bad"}})
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(config)
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert "layer 'code' (Lambda) holds code as its function; it is never run" in out
    assert "open" in out  # by name, in the instructions
    assert "the class 'os.system' of layer 'bad' is not jkeras's" in out
    assert "6 entries are not finite" in out
    assert not (tmp_path / "evil").exists()


def test_code_of_another_python_is_told_by_its_words(tmp_path, capsys):
    from jkeras.engine.saving.inspection import _disassembled

    (line,) = _disassembled("\x00\x01garbage_of_python_2 os.system\x02")
    assert "garbage_of_python_2 os.system" in line


def test_convert_summary_plot(tmp_path, capsys):
    model = saved(tmp_path / "model.h5")
    assert main(["convert", str(tmp_path / "model.h5"), str(tmp_path / "model.jk")]) == 0
    assert main(["convert", str(tmp_path / "model.jk"), str(tmp_path / "again.h5")]) == 0
    again = load_model(str(tmp_path / "again.h5"))
    for one, two in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    capsys.readouterr()
    assert main(["summary", str(tmp_path / "model.jk")]) == 0
    assert "steps (GRU)" in capsys.readouterr().out
    assert main(["plot", str(tmp_path / "model.jk"), str(tmp_path / "model.svg")]) == 0
    assert (tmp_path / "model.svg").read_text().startswith("<svg")


def nested():
    """A model in which two weights bear one name."""
    x = Input(shape=(4,), name="x")
    halves = [Sequential([Dense(4, input_dim=4, name="same")], name=name) for name in ("left", "right")]
    return Model(x, Dense(2, name="out")(Model(x, halves[1](halves[0](x)), name="both")(x)))


def convolutions():
    model = Sequential([Convolution2D(2, 3, 3, input_shape=(1, 5, 5), name="conv"), BatchNormalization(name="norm")])
    model.get_layer("conv").dialect = "theano"
    return model


@pytest.mark.parametrize("make", [nested, convolutions])
@pytest.mark.parametrize("suffix", ["h5", "jk"])
def test_safetensors_there_and_back(tmp_path, make, suffix):
    safetensors = pytest.importorskip("safetensors.numpy")
    model = make()
    start, there, back = (str(tmp_path / name) for name in (f"m.{suffix}", "m.safetensors", f"back.{suffix}"))
    model.save(start)
    assert main(["convert", start, there]) == 0
    arrays = safetensors.load_file(there)  # as anybody reads it
    assert len(arrays) == len(model.get_weights())
    for array in model.get_weights():
        assert any(np.array_equal(array, other) for other in arrays.values())
    assert main(["convert", there, back]) == 0
    again = load_model(back)
    assert again.to_json() == model.to_json()
    for one, two in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_safetensors_of_others(tmp_path, capsys):
    safetensors = pytest.importorskip("safetensors.numpy")
    model = Sequential([Dense(2, input_dim=3, name="out")])
    model.save(str(tmp_path / "m.jk"))
    arrays = {"out_W": np.ones((3, 2), "float16"), "out_b": np.ones(2)}
    theirs, result = str(tmp_path / "w.safetensors"), str(tmp_path / "r.h5")
    safetensors.save_file(arrays, theirs)
    assert main(["convert", theirs, result]) == 1
    assert "has weights without an architecture (out_W, out_b, …)" in capsys.readouterr().err
    assert main(["convert", theirs, result, "--model", str(tmp_path / "m.jk")]) == 0
    again = load_model(result)
    assert again.get_weights()[0].dtype == np.float32
    np.testing.assert_array_equal(again.get_weights()[0], np.ones((3, 2)))
    wrong = {
        r"lacks ['out_b'], and has ['bias'] too many": {"out_W": arrays["out_W"], "bias": arrays["out_b"]},
        "weight 'out_W' has shape (3, 2); the file has an array of shape (2, 3)": {**arrays, "out_W": np.ones((2, 3))},
    }
    for message, content in wrong.items():
        safetensors.save_file(content, theirs)
        assert main(["convert", theirs, result, "--model", str(tmp_path / "m.jk")]) == 1
        assert message in capsys.readouterr().err
    whole = (tmp_path / "w.safetensors").read_bytes()
    for damaged in (b"", whole[:-1], b"\xff" * 8 + whole[8:], whole[:8] + b"[" + whole[9:]):
        (tmp_path / "w.safetensors").write_bytes(damaged)
        assert main(["convert", theirs, result]) == 1
        assert "no file of safetensors, or is damaged" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys, monkeypatch):
    (tmp_path / "text.h5").write_text("no model")
    assert main(["inspect", str(tmp_path / "text.h5")]) == 1
    assert main(["summary", str(tmp_path / "missing.h5")]) == 1
    saved(tmp_path / "model.h5")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    assert main(["convert", str(tmp_path / "model.h5"), str(tmp_path / "m.safetensors")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "is no file of a model" in lines[0]
    assert lines[1].startswith("jkeras summary: ")
    assert "jkeras[safetensors]" in lines[2]
