"""Draw the pictures of this folder: `headline_model.svg` by `plot`, and `training_curve.svg` by `plot_history`.

python docs/pictures.py
"""

import runpy
from pathlib import Path

import numpy as np

from jkeras.utils.visualize_util import plot, plot_history

HERE = Path(__file__).parent


def main() -> None:
    """Write both files."""
    example = runpy.run_path(str(HERE.parent / "examples" / "headline_model.py"))
    np.random.seed(1337)
    model = example["build"]()
    plot(model, str(HERE / "headline_model.svg"), show_shapes=True)
    model.compile(
        optimizer="rmsprop",
        loss="binary_crossentropy",
        metrics=["accuracy"],
        loss_weights={"main_output": 1.0, "aux_output": 0.2},
    )
    inputs, shared, _ = example["headlines"](16000, seed=0)
    history = model.fit(
        inputs,
        {"main_output": shared, "aux_output": shared},
        nb_epoch=8,
        batch_size=32,
        validation_split=0.25,
        verbose=0,
    )
    chosen = ("loss", "val_loss", "main_output_acc", "val_main_output_acc")
    plot_history({name: history.history[name] for name in chosen}, str(HERE / "training_curve.svg"))


if __name__ == "__main__":
    main()
