"""``python -m jkeras`` is the command ``jkeras``."""

import sys

from jkeras.cli import main

if __name__ == "__main__":
    sys.exit(main())
