"""What old scripts need around Keras 1: ``import keras``, Python 2, ``import theano``, and names that are still to come."""
