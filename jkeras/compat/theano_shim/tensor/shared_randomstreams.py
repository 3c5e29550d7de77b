"""``theano.tensor.shared_randomstreams``: random tensors."""

from typing import Any

from jkeras import backend as K
from jkeras.compat.theano_shim.missing import missing

__all__ = ["RandomStreams"]

__getattr__ = missing("theano.tensor.shared_randomstreams")


class RandomStreams:
    """Random tensors; each call draws anew, as K's functions do.

    Args:
        seed: with a seed, the streams give the same numbers in every run of the script.
        **kwargs: what else Theano takes; it changes nothing.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any):
        self.seed = seed
        self._drawn = 0

    def _next_seed(self) -> int | None:
        self._drawn += 1
        return None if self.seed is None else (int(self.seed) * 1_000_003 + self._drawn) % 2**31

    def normal(
        self, size: Any = (), avg: float = 0.0, std: float = 1.0, ndim: Any = None, dtype: Any = None, **_: Any
    ) -> Any:
        """Return normally distributed numbers."""
        return K.random_normal(size, avg, std, dtype, self._next_seed())

    def uniform(
        self, size: Any = (), low: float = 0.0, high: float = 1.0, ndim: Any = None, dtype: Any = None, **_: Any
    ) -> Any:
        """Return equally distributed numbers."""
        return K.random_uniform(size, low, high, dtype, self._next_seed())

    def binomial(
        self, size: Any = (), n: int = 1, p: float = 0.5, ndim: Any = None, dtype: Any = "int64", **_: Any
    ) -> Any:
        """Return ones with probability `p`, and zeros."""
        if n != 1:
            raise NotImplementedError(f"RandomStreams.binomial of the stand-in for Theano draws n=1; got n={n}.")
        return K.random_binomial(size, p, dtype, self._next_seed())
