"""The methods of a model that write it to files and texts, and read its weights."""

from typing import Any

__all__ = ["HasFiles"]


class HasFiles:
    """The part of a model that is about files (Keras 1's names)."""

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON; `kwargs` go to `json.dumps`."""
        from jkeras.engine.saving.json import model_to_json

        return model_to_json(self, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Return the architecture as YAML; `kwargs` go to `yaml.safe_dump`."""
        from jkeras.engine.saving.yaml import model_to_yaml

        return model_to_yaml(self, **kwargs)

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write architecture, weights, what `compile` was given, and how far training is, to a file.

        Args:
            filepath: ending in ``.h5``, ``.hdf5`` or ``.keras``, it is an HDF5 file, which Keras 1.2.2 reads too. Ending in
                anything else, such as ``.jk``, it has jkeras's own format.
            overwrite: whether a file that is there is replaced without a question.
        """
        from jkeras.engine.saving import files

        files.save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a file, whose format is decided as for `save`."""
        from jkeras.engine.saving import files

        files.save_weights(self, filepath, overwrite)  # type: ignore[arg-type]

    def load_weights(self, filepath: Any, by_name: bool = False, dialect: str | None = None) -> None:
        """Set the weights to those in a file of `save_weights` or `save`, written here or by Keras 0.3 to 1.2.

        Args:
            filepath: the file.
            by_name: whether only the layers are set whose names are in the file. Otherwise the layers with weights must be as
                many, and of the same shapes, in the same order.
            dialect: ``'tensorflow'`` or ``'theano'``: which engine's way of convolving and pooling the weights are for, if not
                what the file tells. The layers that are set take it over; weights are never changed.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file does not fit the model, or is damaged. The model is unchanged.
        """
        from jkeras.engine.saving import files

        files.load_weights(self, filepath, by_name, dialect)  # type: ignore[arg-type]

    def save_weights_to_hdf5_group(self, f: Any) -> None:
        """Write the weights into an open group of h5py's."""
        from jkeras.engine.saving.hdf5_write import write_layers

        write_layers(f, self)  # type: ignore[arg-type]

    def load_weights_from_hdf5_group(self, f: Any) -> None:
        """Set the weights to those in an open group of h5py's, in the order of the layers."""
        from jkeras.engine.saving.hdf5_read import stored_weights
        from jkeras.engine.saving.stored import put

        put(self, stored_weights(f))  # type: ignore[arg-type]

    def load_weights_from_hdf5_group_by_name(self, f: Any) -> None:
        """Set the weights of the layers whose names are in an open group of h5py's."""
        from jkeras.engine.saving.hdf5_read import stored_weights
        from jkeras.engine.saving.stored import put

        put(self, stored_weights(f), by_name=True)  # type: ignore[arg-type]
