"""The page of ``jkeras demo``: one file of HTML that loads nothing, for eyes, for screen readers and for phones."""

import inspect
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from jkeras import __version__
from jkeras.demo.parts import code_html, confusion, digit_svg, matrix_html

__all__ = ["GENERATOR", "Outcome", "page"]

GENERATOR = '<meta name="generator" content="jkeras demo'
"""By this, near its beginning, a file is known as a page that the command may replace."""

_MOST_SHOWN = 12
_PURE = """\
import jax

from jkeras.demo import network

model = network.build()
images, labels = network.load()[1]

params, state = model.init(jax.random.key(0))  # nested dicts of arrays
readings = jax.jit(model.apply)(params, images)

keys = jax.random.split(jax.random.key(1), 8)  # eight networks at once
ensemble = jax.vmap(lambda key: model.init(key)[0])(keys)
votes = jax.vmap(model.apply, in_axes=(0, None))(ensemble, images)
print(votes.shape)  # (8, 360, 10)
"""
_COMMANDS = (
    ("jkeras run old_script.py", "runs a script that was written for Keras 1 as it stands: import keras gives jkeras"),
    ("jkeras inspect weights.h5", "says what a file of weights or of a model holds, and runs nothing of it"),
    ("jkeras plot model.h5 model.svg", "draws the layers of a saved model, as on this page"),
    ("jkeras convert model.h5 model.safetensors", "writes a model in another format"),
)


@dataclass
class Outcome:
    """What the page shows.

    Attributes:
        model: the trained network.
        history: what `fit` returned.
        accuracy: on the held-out digits, as `evaluate` says it.
        seconds: that the training took.
        learned_from: number of digits in the training, without those of the validation.
        images: held out, ``(samples, 8, 8)``, from 0 (paper) to 1 (ink).
        digits: what is on them, ``(samples,)``.
        readings: probabilities, ``(samples, 10)``.
    """

    model: Any
    history: Any
    accuracy: float
    seconds: float
    learned_from: int
    images: np.ndarray
    digits: np.ndarray
    readings: np.ndarray


def page(outcome: Outcome) -> str:
    """Return the page as a text in HTML."""
    style = files("jkeras.demo").joinpath("style.css").read_text(encoding="utf-8")
    # The policy says to the browser what the page promises: nothing is loaded, and no script runs.
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{GENERATOR} {escape(__version__)}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A network that reads digits · jkeras demo</title>
<style>
{style}</style>
</head>
<body>
<header>
{_header(outcome)}
</header>
<main>
{_curves(outcome)}
<div class="pair">
{_confusion(outcome)}
{_mistakes(outcome)}
</div>
{_network(outcome)}
{_next()}
</main>
<footer><p>Written by <code>jkeras demo</code>, jkeras {escape(__version__)}. The digits: E. Alpaydin and C. Kaynak, Optical
Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998; as scikit-learn ships them.</p></footer>
</body>
</html>
"""


def _header(outcome: Outcome) -> str:
    read = outcome.readings.argmax(axis=1)
    right, count = int((read == outcome.digits).sum()), len(read)
    figures = (
        (f"{outcome.accuracy:.2%}", "accuracy on held-out digits"),
        (f"{right} of {count}", "read correctly"),
        (f"{outcome.model.count_params():,}", "weights in the network"),
        (f"{outcome.seconds:.1f} s", "of training, compilation included"),
    )
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}</dd></div>" for figure, name in figures)
    samples = []
    for digit in range(10):
        for index in np.flatnonzero(outcome.digits == digit)[:1]:
            samples.append(_card(outcome, int(index)))
    return f"""<p class="eyebrow">jkeras demo</p>
<h1>A network that reads handwritten digits</h1>
<p class="lead">It saw {outcome.learned_from:,} small pictures {_times(len(outcome.history.epoch))}, and then read {count} others,
which it had never seen.</p>
<ul class="digits" aria-label="One held-out picture of each digit, and what the network read">{"".join(samples)}</ul>
<dl class="figures">{tiles}</dl>"""


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _card(outcome: Outcome, index: int) -> str:
    """Return a picture with what the network read and how sure it was."""
    digit, reading = int(outcome.digits[index]), outcome.readings[index]
    read, sure = int(reading.argmax()), float(reading.max())
    picture = digit_svg(outcome.images[index], f"Picture of a handwritten {digit}")
    kind, verdict = "right", f"<span>reads {read}</span>"
    if read != digit:
        kind, verdict = "wrong", f"<span>reads {read},</span> <span>is a {digit}</span>"
    return f'<li class="{kind}">{picture}{verdict} <small>{sure:.0%} sure</small></li>'


def _curves(outcome: Outcome) -> str:
    from jkeras.utils.visualize_util import plot_history

    values = outcome.history.history
    figures = []
    for name, caption in (("loss", "The loss"), ("acc", "The share of digits read correctly")):
        lines = {key: values[key] for key in (name, f"val_{name}") if key in values}
        figures.append(
            f'<figure class="curve">{plot_history(lines, columns=1)}<figcaption>{caption}, epoch by epoch.</figcaption></figure>'
        )
    return f"""<section aria-labelledby="learning">
<h2 id="learning">How it learned</h2>
<p>Blue is what the network learns from; while it learns, dropout hides a part of it from itself. Orange is a tenth of the pictures,
which it is only asked about.</p>
<div class="curves">{"".join(figures)}</div>
</section>"""


def _confusion(outcome: Outcome) -> str:
    counts = confusion(outcome.digits, outcome.readings.argmax(axis=1))
    return f"""<section aria-labelledby="confusion">
<h2 id="confusion">What it confuses</h2>
<p>All {int(counts.sum())} held-out digits. What stands on the diagonal was read correctly.</p>
{matrix_html(counts)}
</section>"""


def _mistakes(outcome: Outcome) -> str:
    sure, read = outcome.readings.max(axis=1), outcome.readings.argmax(axis=1)
    wrong = np.flatnonzero(read != outcome.digits)
    if len(wrong):
        shown = wrong[np.argsort(-sure[wrong], kind="stable")][:_MOST_SHOWN]
        title = "What it read wrongly"
        text = f"Of its {len(wrong)} mistakes the {len(shown)} that it was surest of."
        if len(shown) == len(wrong):
            text = "All its mistakes, the surest first. Would you have read them?"
    else:
        shown = np.argsort(sure, kind="stable")[:_MOST_SHOWN]
        title, text = "What it was least sure of", "It made no mistake. These were the hardest."
    cards = "".join(_card(outcome, int(index)) for index in shown)
    return f"""<section aria-labelledby="mistakes">
<h2 id="mistakes">{title}</h2>
<p>{text}</p>
<ul class="digits large">{cards}</ul>
</section>"""


def _network(outcome: Outcome) -> str:
    from jkeras.demo import network
    from jkeras.utils.visualize_util import model_to_svg

    epochs = len(outcome.history.epoch)
    return f"""<section aria-labelledby="network">
<h2 id="network">The network, and the code that made it</h2>
<p>This page was made by <code>train(epochs={epochs})</code> of the script below, which runs by itself, too.</p>
<div class="network">
<figure class="layers">{model_to_svg(outcome.model, show_shapes=True)}<figcaption>Its layers, from the picture to the
reading.</figcaption></figure>
{_code(inspect.getsource(network), "The script")}
</div>
</section>"""


def _code(source: str, label: str) -> str:
    # What scrolls must be reachable without a mouse.
    return f'<pre tabindex="0" role="region" aria-label="{escape(label)}"><code>{code_html(source)}</code></pre>'


def _next() -> str:
    commands = "".join(
        f"<dt><code>{escape(command)}</code></dt><dd>{escape(text)}.</dd>" for command, text in _COMMANDS
    )
    return f"""<section aria-labelledby="next">
<h2 id="next">Where to go next</h2>
<p>The same network is a pure function, for <code>jit</code>, <code>grad</code>, <code>vmap</code> and <code>scan</code>:</p>
{_code(_PURE, "The network as a pure function")}
<p>On the command line:</p>
<dl class="commands">{commands}</dl>
<p>The folders <code>docs</code> and <code>examples</code> of jkeras go on from here: recurrent networks that remember, pictures,
text, custom layers, scripts of 2015.</p>
</section>"""
