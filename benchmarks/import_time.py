"""How long `import jkeras` takes beyond `import jax`: the median over fresh processes. The goal is at most 0.3 s.

    python benchmarks/import_time.py [processes]

"All of it" imports every module that `jkeras.__all__` offers; `import jkeras` alone imports them on use.
"""

import json
import statistics
import subprocess
import sys

PROGRAM = """
import json, time
start = time.perf_counter()
import jax
jax_done = time.perf_counter()
import jkeras
jkeras_done = time.perf_counter()
for name in jkeras.__all__:
    getattr(jkeras, name)
all_done = time.perf_counter()
print(json.dumps([jax_done - start, jkeras_done - jax_done, all_done - jax_done]))
"""


def main() -> None:
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    runs = []
    for _ in range(processes + 1):
        run = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
        runs.append(json.loads(run.stdout))
    # The first process reads the files from the disk and may compile them to bytecode.
    columns = zip(("import jax", "+ import jkeras", "+ all of it"), zip(*runs[1:], strict=True), strict=True)
    for name, seconds in columns:
        print(f"{name:<16} {statistics.median(seconds):6.3f} s   (least {min(seconds):.3f} s, {processes} processes)")


if __name__ == "__main__":
    main()
