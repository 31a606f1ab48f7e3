"""`python -m mm.conformance package.module`: every case on the module's `VENUE_CASE`, one line each."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from mm.conformance import VenueCase, cases


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite; returns 0 when every case passed, 1 when one did not, 2 for a module without a venue."""
    parser = argparse.ArgumentParser(prog="python -m mm.conformance", description=__doc__)
    parser.add_argument("module", help="where VENUE_CASE is, importable")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="how many seeds each case runs with")
    parser.add_argument("-k", dest="only", default="", metavar="TEXT", help="only cases whose name holds it")
    arguments = parser.parse_args(argv)
    try:
        venue = importlib.import_module(arguments.module).VENUE_CASE
    except (ImportError, AttributeError) as error:
        print(f"{arguments.module}: expected a module with a VENUE_CASE: {error}", file=sys.stderr)
        return 2
    assert isinstance(venue, VenueCase)
    failed = 0
    for case in cases():
        if arguments.only not in case.name:
            continue
        for seed in range(1, arguments.seeds + 1):
            try:
                case.run(venue, seed=seed)
            except Exception as error:  # noqa: BLE001  # whatever a venue's code raises, the other cases are run
                failed += 1
                at = traceback.extract_tb(error.__traceback__)[-1]
                print(f"FAILED {case} (seed {seed}) at {Path(at.filename).name}:{at.lineno}: {error or at.line}")
                break
        else:
            print(f"passed {case}")
    print(f"{venue}: {failed} failed" if failed else f"{venue}: every case passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
