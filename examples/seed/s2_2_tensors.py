"""Chapter 2.2: tensors of order 0 to 4, and sums of a matrix along either of its axes.

python examples/seed/s2_2_tensors.py
"""

import numpy as np

import jkeras.backend as K

a = np.array([[1, 2], [3, 4]])
sum0 = np.sum(a, axis=0)
sum1 = np.sum(a, axis=1)
print(sum0)
print(sum1)

# The same with Keras' backend: K counts axes from 0, too.
matrix = K.variable(a)
assert np.array_equal(K.eval(K.sum(matrix, axis=0)), sum0)
assert np.array_equal(K.eval(K.sum(matrix, axis=1)), sum1)

# The order of a tensor is the number of its axes.
scalar = K.variable(1.0)
vector = K.variable(np.zeros(2))
cube = K.variable(np.zeros((3, 32, 32)))  # a picture: channels, rows, columns
pictures = K.variable(np.zeros((100, 3, 32, 32)))
orders = [K.ndim(tensor) for tensor in (scalar, vector, matrix, cube, pictures)]
assert orders == [0, 1, 2, 3, 4]

assert sum0.tolist() == [4, 6] and sum1.tolist() == [3, 7]
print(f"the sums of [[1, 2], [3, 4]] are {sum0} along axis 0 and {sum1} along axis 1; orders of tensors: {orders}")
