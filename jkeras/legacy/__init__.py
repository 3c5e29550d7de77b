"""What Keras 0.3 had and Keras 1 replaced: import paths ``keras.legacy`` and, as it was then, ``keras.models`` and so on."""
