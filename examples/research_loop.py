"""A training loop of one's own on the functional face: batch statistics, dropout, gradients of single examples, curvature.

    python examples/research_loop.py

`params, state = model.init(key)`, and from there on everything is a function of arrays: `jax.value_and_grad` of a loss,
SGD with momentum written in three lines, BatchNormalization's running statistics handed on as `state`, dropout from a key
for each step, an epoch as one `lax.scan`. Then what a compiled `fit` does not offer: the norm of the gradient of every
single example by `vmap`, which finds the pictures that are hard to read, and the largest eigenvalue of the loss's Hessian
by products of Hessian and vector: the Hessian itself is never made. At last the arrays go back into the Keras face, and
`evaluate` says the same.

The pictures are scikit-learn's digits. Reached on those held out: accuracy 98.89 %; of the 4 with the largest gradients 3
are among the 4 that are read wrongly.
"""

import argparse
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jkeras.datasets import digits
from jkeras.layers import Activation, BatchNormalization, Dense, Dropout
from jkeras.models import Sequential

batch_size = 32


def build() -> Sequential:
    """Return the network. Nothing is compiled, and nothing needs to be."""
    model = Sequential()
    model.add(Dense(64, input_dim=64, name="hidden"))
    model.add(BatchNormalization(mode=0, name="norm"))
    model.add(Activation("relu"))
    model.add(Dropout(0.3))
    model.add(Dense(10, name="scores"))
    model.add(Activation("softmax"))
    return model


def cross_entropy(readings: jax.Array, y: jax.Array) -> jax.Array:
    """Return the loss of each example."""
    return -jnp.log(jnp.take_along_axis(readings, y[:, None], axis=1)[:, 0] + 1e-7)


def train_epoch(model, x, y, lr, momentum, carry, key):
    """Go through the examples once, in random order; `carry` is (params, state, velocity)."""

    def loss(params, state, batch, key):
        readings, state = model.apply_with_state(params, state, x[batch], train=True, key=key)
        return jnp.mean(cross_entropy(readings, y[batch])), state  # the new running statistics come out beside the loss

    def step(carry, batch_and_key):
        params, state, velocity = carry
        (value, state), grads = jax.value_and_grad(loss, has_aux=True)(params, state, *batch_and_key)
        velocity = jax.tree.map(lambda v, g: momentum * v - lr * g, velocity, grads)
        params = jax.tree.map(jnp.add, params, velocity)
        return (params, state, velocity), value

    order_key, key = jax.random.split(key)
    count = len(x) // batch_size
    batches = jax.random.permutation(order_key, len(x))[: count * batch_size].reshape(count, batch_size)
    carry, losses = lax.scan(step, carry, (batches, jax.random.split(key, count)))
    return carry, jnp.mean(losses)


def gradient_norms(model, params, state, x, y) -> jax.Array:
    """Return the norm of the gradient of every single example: `grad` of one, mapped over all."""

    def loss_of_one(params, x, y):
        return cross_entropy(model.apply(params, x[None], state=state), y[None])[0]

    grads = jax.vmap(jax.grad(loss_of_one), in_axes=(None, 0, 0))(params, x, y)
    return jnp.sqrt(sum(jnp.sum(g.reshape(len(x), -1) ** 2, axis=1) for g in jax.tree.leaves(grads)))


def hessian_product(model, params, state, x, y, vector):
    """Return Hessian · vector of the mean loss, a pytree like `params`: the derivative of the gradient along the vector."""

    def loss(params):
        return jnp.mean(cross_entropy(model.apply(params, x, state=state), y))

    return jax.jvp(jax.grad(loss), (params,), (vector,))[1]


def inner(a, b) -> jax.Array:
    """Return the inner product of two pytrees."""
    return jax.tree.reduce(jnp.add, jax.tree.map(jnp.vdot, a, b))


def largest_eigenvalue(product, params, key, steps: int) -> float:
    """Return the Hessian's eigenvalue of the largest size by power iteration.

    Args:
        product: vector -> Hessian · vector.
        params: whose shapes the vectors have.
        key: of the first vector.
        steps: of the iteration.
    """
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    start = tree.unflatten([jax.random.normal(k, leaf.shape) for k, leaf in zip(keys, leaves, strict=True)])

    def step(vector, _):
        length = jnp.sqrt(inner(vector, vector))
        vector = jax.tree.map(lambda v: v / length, vector)
        image = product(vector)
        return image, inner(vector, image)

    _, values = lax.scan(step, start, length=steps)
    return float(values[-1])


def main() -> float:
    """Train, look into the network, hand it to the Keras face, and return its accuracy on held-out digits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    (images, labels), (new_images, new_labels) = digits.load_data()
    x, x_new = (jnp.asarray(part.reshape(-1, 64) / 16.0, "float32") for part in (images, new_images))
    y, y_new = jnp.asarray(labels, "int32"), jnp.asarray(new_labels, "int32")

    model = build()
    key, init_key = jax.random.split(jax.random.key(arguments.seed))
    params, state = model.init(init_key)  # state: {'norm': {'running_mean': …, 'running_std': …}}
    carry = params, state, jax.tree.map(jnp.zeros_like, params)
    epoch = jax.jit(partial(train_epoch, model, x, y, arguments.lr, arguments.momentum))
    for number, epoch_key in enumerate(jax.random.split(key, arguments.epochs), 1):
        carry, loss = epoch(carry, epoch_key)
        if number % 5 == 0:
            print(f"epoch {number}: loss {loss:.4f}", flush=True)
    params, state, _ = carry

    readings = jax.jit(model.apply)(params, x_new, state=state)
    wrong = readings.argmax(axis=1) != y_new
    norms = np.asarray(jax.jit(partial(gradient_norms, model))(params, state, x_new, y_new))
    hardest = np.argsort(-norms)[: int(wrong.sum())]
    print(f"\nnorm of the gradient of one held-out digit: median {np.median(norms):.4f}, largest {norms.max():.2f}")
    found = float(jnp.mean(wrong[hardest])) if len(hardest) else 1.0
    print(f"of the {len(hardest)} with the largest norms {found:.0%} are read wrongly; of all {wrong.mean():.1%}")

    # Where the gradient changes fastest: 20 products, each as dear as two gradients; the Hessian has 24 million entries.
    product = partial(hessian_product, model, params, state, x, y)
    top = largest_eigenvalue(product, params, jax.random.key(0), steps=20)
    print(f"largest eigenvalue of the Hessian of the loss: {top:.3f}")

    # The Keras face: the same arrays.
    model.params, model.state = params, state
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(np.asarray(x_new), np.asarray(y_new), verbose=0)
    if abs(accuracy - (1 - float(wrong.mean()))) > 1e-6:
        raise SystemExit(f"evaluate() says {accuracy:.4%}, model.apply {1 - float(wrong.mean()):.4%}.")
    print(f"held-out digits, by evaluate(): accuracy {accuracy:.2%}, loss {loss:.4f}; model.apply says the same")
    return accuracy


if __name__ == "__main__":
    main()
