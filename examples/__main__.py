"""Runs the gallery: `python -m examples --all`, or some of it by name; without arguments it lists what there is.

    python -m examples                          the names, and what each script shows
    python -m examples digits_mlp s3_4_1_binary
    python -m examples --all                    all of them: about 20 minutes on two cores
    python -m examples --all --small            all with small settings
    python -m examples --all --tables           all, and then the tables of the README files from what the scripts printed

A script that fails shows the end of what it printed; the others go on, and the exit code is 1.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from examples.gallery import FOLDER, Example, everything, gallery, seed

BEGIN, END = "<!-- table: python -m examples --all --tables -->", "<!-- end of the table -->"


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples", description="Run the gallery of examples.")
    parser.add_argument("names", nargs="*", help="scripts to run, such as digits_mlp")
    parser.add_argument("--all", action="store_true", help="run all scripts")
    parser.add_argument("--small", action="store_true", help="run with small settings, some seconds a script")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="scripts at a time; default: one a core")
    parser.add_argument("--tables", action="store_true", help="write the tables of results; needs --all, not --small")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error(f"--jobs is at least 1; got {options.jobs}")
    if options.tables and (options.small or not options.all):
        parser.error("--tables needs the results of all scripts at full settings: --all, without --small")
    known = {example.name: example for example in everything()}
    unknown = [name for name in options.names if name.removesuffix(".py") not in known]
    if unknown:
        parser.error(f"There is no example {', '.join(unknown)}. `python -m examples` lists all.")
    if not options.all and not options.names:
        for example in known.values():
            print(f"{example.name:<28} {example.shows()}")
        return 0
    chosen = list(known.values()) if options.all else [known[name.removesuffix(".py")] for name in options.names]
    started = time.perf_counter()
    results, failed = run_all(chosen, options.small, options.jobs)
    print(f"{len(results)} of {len(chosen)} examples ran in {(time.perf_counter() - started) / 60:.1f} min", end="")
    print(f"; failed: {', '.join(failed)}" if failed else "")
    if options.tables and not failed:
        write_tables(results)
    return 1 if failed else 0


def run_all(chosen: list[Example], small: bool, jobs: int) -> tuple[dict[str, str], list[str]]:
    """Run scripts, `jobs` at a time; return the results by name, and the names of those that failed."""
    results: dict[str, str] = {}
    failed: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run, example, small): example for example in chosen}
        try:
            for number, future in enumerate(as_completed(running), 1):
                example, (done, seconds) = running[future], future.result()
                print(f"[{number}/{len(chosen)}] {example.name} ({seconds:.0f} s): ", end="")
                result = example.reached(done.stdout)
                if done.returncode == 0 and result:
                    results[example.name] = result
                    print(result, flush=True)
                else:
                    failed.append(example.name)
                    reason = f"exit code {done.returncode}" if done.returncode else "it printed no result"
                    print(f"FAILED, {reason}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return results, failed


def run(example: Example, small: bool) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run one script as a user does, in a process of its own; return what it printed, and how many seconds it took."""
    started = time.perf_counter()
    command = [sys.executable, str(example.path), *(example.small if small else ())]
    # The clone's jkeras, installed or not.
    path = os.pathsep.join(filter(None, [str(FOLDER.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    with tempfile.TemporaryDirectory() as folder:  # for what a script writes
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
    return done, time.perf_counter() - started


def write_tables(results: dict[str, str]) -> None:
    """Write what all scripts reached into examples/README.md and examples/seed/README.md."""
    groups = [
        f"### {group}\n\n" + table("script", [(link(e), e.shows(), results[e.name]) for e in members])
        for group, members in gallery().items()
    ]
    replace_table(FOLDER / "README.md", "\n".join(groups))
    rows = [(link(e), *chapter_and_rest(e.shows()), results[e.name]) for e in seed()]
    lines = [(where, script, what, reached) for script, where, what, reached in rows]
    replace_table(FOLDER / "seed" / "README.md", table("chapter | script", lines))


def chapter_and_rest(line: str) -> tuple[str, str]:
    """Split 'Chapter 3.5.7: an LSTM …' into '3.5.7' and 'an LSTM …'."""
    match = re.match(r"Chapter ([\d.]+): (.*)", line)
    if match is None:
        raise ValueError(f"The docstring of a script of examples/seed begins with 'Chapter 3.5.7: '; got {line!r}")
    return match.group(1), match.group(2)


def link(example: Example) -> str:
    return f"[{example.name}]({example.path.name})"


def table(first: str, rows: list[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    header = f"| {first} | what it shows | what it reached |"
    lines = [header, re.sub(r"[^|]+", "---", header)]
    return (
        "\n".join(lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]) + "\n"
    )


def replace_table(path: Path, text: str) -> None:
    """Put `text` between the marks in a file."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
