"""Import path of Keras 0.3: ``keras.layers.containers``. Models as parts of models, which in Keras 1 all models can be."""

from jkeras.models import Graph, Sequential

__all__ = ["Graph", "Sequential"]
