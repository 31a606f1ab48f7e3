"""Run the benchmarks and print one table: `python -m benches [-k EXPRESSION]` (in `make bench`).

Exits with 1 when a benchmark fails (a hot operation's p99 of a millisecond or more, two implementations that disagree)
or a ratio is under its gate. A group under its gate is run again, twice at most: a neighbour on the machine passes, a
regression stays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benches.table import Row, Timing, best_of, budgets, compare, render, timings

HERE = Path(__file__).parent
RETRIES = 2


def measure(arguments: list[str]) -> tuple[int, dict[tuple[str, str], Timing]]:
    """Run pytest in a process of its own; returns its exit status and the times."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", str(HERE), f"--benchmark-json={report}"]
        command += ["--benchmark-disable-gc", "--benchmark-quiet", *arguments]
        status = subprocess.run(command, cwd=HERE.parent, check=False).returncode
        text = report.read_text() if report.exists() else ""
        return status, timings(json.loads(text)) if text else {}


def groups_of(rows: list[Row]) -> str:
    """Return the expression that selects the benchmarks of some rows by their names."""
    return " or ".join(sorted({f"test_{row.budget.group.split()[0].lower()}_" for row in rows}))


def main() -> int:
    """Measure, compare, print; return the exit status."""
    parser = argparse.ArgumentParser(prog="benches", description="ours, baseline, ratio, target: one table")
    parser.add_argument(
        "-k", metavar="EXPRESSION", default="", help="only the benchmarks whose name matches, as pytest -k"
    )
    expression = parser.parse_args().k
    margin, wanted = budgets()
    status, measured = measure(["-k", expression] if expression else [])
    rows = compare(measured, margin, wanted)
    if expression:
        rows = [row for row in rows if row.ratio]
    for _ in range(RETRIES):
        fallen = [row for row in rows if row.ratio and not row.holds]
        if not fallen:
            break
        print(
            f"again, as these fell under their gate: {', '.join(sorted({row.budget.group for row in fallen}))}",
            flush=True,
        )
        rows = best_of(rows, compare(measure(["-k", groups_of(fallen)])[1], margin, wanted))
    print()
    print(render(rows))
    regressed = [row for row in rows if not row.holds]
    missed = sum(row.ratio < row.budget.target for row in rows)
    print(f"\n{len(rows)} rows, {missed} under their target, {len(regressed)} under their gate")
    return 1 if status or regressed else 0


if __name__ == "__main__":
    sys.exit(main())
