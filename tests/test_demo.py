"""``jkeras demo``: what it refuses, what is on its page, and how a browser shows it."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from jkeras.cli import main
from jkeras.demo.parts import code_html, confusion, digit_svg, matrix_html

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ROOT = Path(__file__).parents[1]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """A page as a list of (tag, attributes, text in it); closes what was opened, or fails."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> where {self.open[-1:]} is open"
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag, **attributes):
        wanted = {("class" if name == "class_" else name): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element[0] == tag
            and all(value in (element[1].get(name) or "").split() for name, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """For processes of their own, which share what they compile."""
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("programs"))}
    cache["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    return {**os.environ, **cache, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory, environment):
    """The page of a short training and what the command printed."""
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "jkeras", "demo", "--epochs", "2"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(folder) == ["jkeras-demo.html"]
    return folder / "jkeras-demo.html", done.stdout


def matrix_of(page):
    cells = [int(text) for tag, attributes, text in page.elements if tag == "td" and attributes["class"] != "corner"]
    return np.array(cells).reshape(10, 10)


def test_the_console_shows_the_bar_and_ends_with_the_accuracy_and_the_page(demo):
    path, output = demo
    lines = output.splitlines()
    assert sum("[==============================]" in line for line in lines) == 2
    counts = matrix_of(Page(path.read_text("utf-8")))
    accuracy = np.trace(counts) / counts.sum()
    assert lines[-1] == f"accuracy on 360 held-out digits: {accuracy:.2%}; the page is {path}"
    assert accuracy > 0.5


def test_the_page_is_complete(demo):
    text = demo[0].read_text("utf-8")
    page = Page(text)
    assert page.all("html")[0][1] == {"lang": "en"}
    assert page.all("title")[0][2] == "A network that reads digits · jkeras demo"  # what follows are the pictures'
    assert [len(page.all(tag)) for tag in ("h1", "main", "table", "caption")] == [1] * 4
    assert [element[2] for element in page.all("h2")] == [
        "How it learned", "What it confuses", "What it read wrongly", "The network, and the code that made it",
        "Where to go next",
    ]  # fmt: skip
    names = {attributes["id"] for _, attributes, _ in page.elements if "id" in attributes}
    assert {section[1]["aria-labelledby"] for section in page.all("section")} <= names
    # Rows are what the digits are, columns what was read; every header says of what.
    from jkeras.demo import network

    counts = matrix_of(page)
    assert counts.sum(axis=1).tolist() == network.load()[1][1].sum(axis=0).tolist()
    assert [element[2] for element in page.all("th", scope="col")] == list("0123456789")
    assert [element[2] for element in page.all("th", scope="row")] == list("0123456789")
    # Curves, layers, ten samples and at most twelve mistakes: each picture has a name.
    mistakes = min(int(counts.sum() - np.trace(counts)), 12)
    assert len(page.all("svg")) == 2 + 1 + 10 + mistakes
    assert all("aria-label" in picture[1] or "<title>" in text for picture in page.all("svg", role="img"))
    assert len(page.all("svg", role="img")) == len(page.all("svg"))
    assert "convolution2d_1" in text and "loss, val_loss by epoch" in text and "acc, val_acc by epoch" in text
    listed = page.all("ul", class_="large")[0][2]
    wrong = [(int(read), int(digit)) for read, digit in re.findall(r"reads (\d), is a (\d)", listed)]
    assert len(wrong) == mistakes and all(read != digit and counts[digit, read] for read, digit in wrong)


def test_the_page_loads_nothing(demo):
    text = demo[0].read_text("utf-8")
    page = Page(text)
    assert "default-src 'none'" in page.all("meta")[2][1]["content"]
    for tag, attributes, _ in page.elements:
        assert tag not in ("script", "link", "iframe", "img", "object", "base")
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "srcset")}
    assert "@import" not in text
    assert set(re.findall(r"url\((.*?)\)", text)) == {"#jkeras-tip"}  # the tip of the arrows, in the page itself
    assert set(re.findall(r"\w+://[^\s\"<]+", text)) == {"http://www.w3.org/2000/svg"}


def test_every_colour_of_the_pictures_has_one_for_dark_pages(demo):
    text = demo[0].read_text("utf-8")
    style, body = text.split("</style>")
    pictures = "".join(re.findall(r"<figure.*?</figure>", body, re.DOTALL))
    pairs = set(re.findall(r'(fill|stroke)="(#\w+)"', pictures))
    assert len(pairs) > 6
    assert {pair for pair in pairs if f'[{pair[0]}="{pair[1]}"]' not in style} == set()


def test_the_code_on_the_page_made_it(demo, tmp_path, environment):
    script, pure = (element[2] for element in Page(demo[0].read_text("utf-8")).all("pre"))
    (epochs,) = re.findall(r"train\(epochs=(\d+)\) of the script", re.sub("<.*?>", "", demo[0].read_text("utf-8")))
    script = script.replace("model, history = train()", f"model, history = train({epochs})")
    (tmp_path / "script.py").write_text(script + "\n" + pure, "utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    *_, accuracy, shape = done.stdout.splitlines()
    assert accuracy.split()[-1] == re.search(r"digits: (\S+);", demo[1])[1]
    assert shape == "(8, 360, 10)"


# ---- where the page goes


@pytest.fixture
def untrained(monkeypatch):
    """A training that must not begin."""
    pytest.importorskip("sklearn")
    from jkeras.demo import network

    def train(epochs):
        raise AssertionError("trained")

    monkeypatch.setattr(network, "train", train)


@pytest.mark.usefixtures("untrained")
def test_what_speaks_against_the_page_is_said_before_the_training(tmp_path, capsys):
    (tmp_path / "notes.html").write_text("<p>mine</p>")
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n" + bytes(2000))
    os.symlink(tmp_path / "none" / "page.html", tmp_path / "link.html")
    for name, message in {
        "none/page.html": f"there is no folder '{tmp_path / 'none'}'",
        "link.html": f"there is no folder '{tmp_path / 'none'}'",
        ".": f"it is a folder. Name a file in it: --out {tmp_path / 'jkeras-demo.html'}",
        "notes.html": "exists, and is no page of jkeras demo. Name another file by --out, or give --force to replace it",
        "model.h5": "exists, and is no page of jkeras demo",
    }.items():
        assert main(["demo", "--out", str(tmp_path / name)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("jkeras demo: ") and message in line
    assert (tmp_path / "notes.html").read_text() == "<p>mine</p>"


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("name, arguments", [("page.html", []), ("notes.html", ["--force"]), ("new.html", [])])
def test_pages_of_the_command_are_replaced(tmp_path, demo, name, arguments):
    shutil.copy(demo[0], tmp_path / "page.html")
    (tmp_path / "notes.html").write_text("<p>mine</p>")
    with pytest.raises(AssertionError, match="trained"):
        main(["demo", "--out", str(tmp_path / name), *arguments])


@pytest.mark.parametrize("epochs", ["0", "-1", "2.5", "many", ""])
def test_epochs_are_a_positive_number(epochs, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["demo", f"--epochs={epochs}"])
    assert stopped.value.code == 2
    assert "expected a whole number from 1 on" in capsys.readouterr().err


def test_without_the_digits_the_error_names_the_extra(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["demo", "--out", str(tmp_path / "page.html")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "jkeras[sklearn]" in line and not os.listdir(tmp_path)


def test_ctrl_c_leaves_nothing(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    from jkeras.demo import network

    def train(epochs):
        raise KeyboardInterrupt

    monkeypatch.setattr(network, "train", train)
    assert main(["demo", "--out", str(tmp_path / "page.html")]) == 130
    assert "no page was written" in capsys.readouterr().err and not os.listdir(tmp_path)


def test_open_shows_the_page(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    import webbrowser

    from jkeras.demo import network, page

    class History:
        params: ClassVar = {"nb_sample": 1293}

    class Trained:
        def evaluate(self, x, y, verbose):
            return [1.0, 0.1]

        def predict(self, x):
            return np.eye(10)[np.zeros(len(x), int)]

    shown = []
    monkeypatch.setattr(network, "train", lambda epochs: (Trained(), History()))
    monkeypatch.setattr(page, "page", lambda outcome: f'{page.GENERATOR} 1">{outcome.accuracy}')
    monkeypatch.setattr(webbrowser, "open", lambda uri: bool(shown.append(uri)))
    path = tmp_path / "with space & <b>.html"
    for _ in range(2):  # the second page takes the place of the first
        assert main(["demo", "--out", str(path), "--open"]) == 0
    assert shown == [path.as_uri()] * 2
    *_, before, last = capsys.readouterr().out.splitlines()
    assert before == "No browser could be started here."
    assert last == f"accuracy on 360 held-out digits: 10.00%; the page is {path}"


# ---- the parts


def test_a_picture_of_a_digit_has_the_ink_of_the_image():
    image = np.zeros((8, 8))
    image[2, 1:5], image[3, 3], image[0, 7] = 1, 0.5, 0.5
    text = digit_svg(image, 'a "<5>"')
    drawn = np.zeros((8, 8))
    for opacity, path in re.findall(r'fill-opacity="([\d.]+)" d="(.*?)"', text):
        for x, y, width in re.findall(r"M(\d) (\d)h(\d)v1h-\3z", path):
            drawn[int(y), int(x) : int(x) + int(width)] = float(opacity)
    np.testing.assert_array_equal(drawn, image)
    assert 'aria-label="a &quot;&lt;5&gt;&quot;"' in text


def test_the_matrix_counts_digits_by_rows():
    counts = confusion(np.array([3, 3, 3, 9]), np.array([3, 3, 5, 9]))
    assert counts[3, 3] == 2 and counts[3, 5] == 1 and counts[5, 3] == 0 and counts.sum() == 4
    text = matrix_html(counts)  # of six digits there is no picture at all
    assert 'title="1 of 3 times 3 was read as 5">1<' in text and 'title="0 of 0 times 0 was read as 0">0<' in text


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n",
        "x = 1",
        'def f(a):\n    """<b> & "c"\n    two lines"""\n    return a  # done\n',
        'f"{x:.2%} {y!r}" < 3 & z\n\n\n',
    ],
)
def test_code_keeps_its_text(source):
    html = code_html(source)
    assert Page(f"<pre>{html}</pre>").elements[0][2] == source.rstrip("\n")
    assert "<b>" not in html


# ---- in a browser

MEASURE = """
<!DOCTYPE html><meta charset="utf-8"><style>body { margin: 0 } iframe { border: 0; height: 900px }</style>
<iframe style="width: 400px" srcdoc="PAGE"></iframe><iframe style="width: 1400px" srcdoc="PAGE"></iframe>
<pre id="result"></pre><script>
function luminance(colour) {
  const parts = colour.match(/[\\d.]+/g).map(Number);
  const scale = colour.startsWith("color(") ? 1 : 255;
  const [r, g, b] = parts.map(v => v / scale).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const start = element => element.outerHTML.slice(0, 90);
function contrast(window, element) {
  let under = element;
  while (/, 0\\)$/.test(window.getComputedStyle(under).backgroundColor)) under = under.parentElement;
  const of = [window.getComputedStyle(element).color, window.getComputedStyle(under).backgroundColor].map(luminance);
  return (Math.max(...of) + 0.05) / (Math.min(...of) + 0.05);
}
function measure(frame) {
  const page = frame.contentDocument, window = frame.contentWindow;
  const box = element => element.getBoundingClientRect();
  const all = selector => [...page.querySelectorAll(selector)];
  const words = all("h1, h2, p, dt, dd, span, small, caption, figcaption, th, td:not(.corner), pre code, p code, .commands code");
  return {
    dark: window.matchMedia("(prefers-color-scheme: dark)").matches,
    width: window.innerWidth,
    scrolls: page.documentElement.scrollWidth,
    outside: all("body *").filter(e => !e.closest("pre") && box(e).right > window.innerWidth + 0.5).map(start),
    spills: all("li span, li small, td, th, dd").filter(e => e.scrollWidth > e.clientWidth + 1).map(start),
    pictures: all("svg").map(e => [box(e).width, box(e).height]),
    figures: all("figure svg").length,
    letters: Math.min(...all("figure text").map(e => box(e).height)),
    cells: all(".matrix tbody tr").map(row => row.querySelectorAll("td").length),
    cell: Math.min(...all(".matrix tbody td").map(e => Math.min(box(e).width, box(e).height))),
    faint: words.filter(e => contrast(window, e) < 4.5).map(start),
  };
}
addEventListener("load", () => {
  document.getElementById("result").textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(measure));
});
</script>
"""


def browse(page, profile, *arguments):
    """Load a page in a browser without a window; what it put out, and what it complained about."""
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--enable-logging=stderr", f"--user-data-dir={profile}", *arguments, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(
    BROWSER is None, reason="no browser is installed: chromium, chromium-browser, google-chrome, chrome"
)
def test_a_browser_shows_the_page(demo, tmp_path):
    path = demo[0]
    profile, picture = tmp_path / "profile", tmp_path / "page.png"
    _, complaints = browse(path, profile, f"--screenshot={picture}", "--window-size=1400,1000")
    assert complaints == []
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
    # Frames of two widths stand in for windows, which have a least width; the page in them is the page as it is.
    measuring = tmp_path / "measure.html"
    measuring.write_text(MEASURE.replace("PAGE", escape(path.read_text("utf-8"))), "utf-8")
    schemes = set()
    for scheme in ((), ("--blink-settings=preferredColorScheme=0",)):
        dom, complaints = browse(measuring, profile, "--dump-dom", *scheme)
        assert complaints == []
        results = json.loads(unescape(re.search(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)[1]))
        assert [result["width"] for result in results] == [400, 1400]
        for result in results:
            schemes.add(result["dark"])
            assert result["scrolls"] <= result["width"] and result["outside"] == [] and result["spills"] == []
            assert result["figures"] == 3 and all(min(size) > 15 for size in result["pictures"])
            assert result["letters"] > 9  # those in the pictures can be read
            assert result["cells"] == [10] * 10 and result["cell"] >= 24
            assert result["faint"] == []
    assert schemes == {False, True}
