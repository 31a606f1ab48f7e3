"""`python -m mm.simulator`: the simulated world as a process on loopback."""

from __future__ import annotations

import sys

from mm.simulator.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
