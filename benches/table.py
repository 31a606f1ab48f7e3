"""From a pytest-benchmark report and `budgets.toml` to one table: ours, baseline, ratio, target, verdict.

A benchmark is `test_<group>_<name>` in the group `<GROUP>`: `test_o2_cancel_plain` is `plain` of the group `O2 cancel`.
The ratio is one of minima: on a shared machine they repeat, medians do not. Each is counted in the yardstick timed
beside it (`batch.py`), where both have one. Both medians are shown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUDGETS = Path(__file__).with_name("budgets.toml")


@dataclass(frozen=True, slots=True)
class Budget:
    """One row of `budgets.toml`."""

    group: str
    what: str
    baseline: str
    target: float
    budget: float
    ours: str = "ours"
    floor_ns: float = 0.0
    measure: str = ""
    """What is compared when it is not time: the name of a number that the benchmark left in its extra information."""
    peer: bool = False
    """The baseline is a library of others: no row where it is not installed."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one benchmark took, in nanoseconds an operation, and what else it measured."""

    minimum_ns: float
    median_ns: float
    extra: Mapping[str, Any]

    @property
    def paced(self) -> float:
        """The shortest time an operation in yardsticks."""
        return float(self.extra["paced"]) / int(self.extra.get("operations", 1))


@dataclass(frozen=True, slots=True)
class Row:
    """A budget with what was measured; `ours` and `baseline` are None where the benchmark did not run."""

    budget: Budget
    margin: float
    ours: Timing | None
    baseline: Timing | None

    @property
    def ratio(self) -> float:
        """How many times as long the baseline takes; 0 where one of the two was not measured."""
        if self.ours is None or self.baseline is None:
            return 0.0
        if self.budget.measure:
            return float(self.baseline.extra[self.budget.measure] / self.ours.extra[self.budget.measure])
        if "paced" in self.ours.extra and "paced" in self.baseline.extra:
            return self.baseline.paced / self.ours.paced
        return self.baseline.minimum_ns / self.ours.minimum_ns

    @property
    def gate(self) -> float:
        """The ratio under which the run fails."""
        return self.budget.budget * (1 - self.margin)

    @property
    def holds(self) -> bool:
        """Whether the ratio is no worse than its budget allows."""
        return self.ratio >= self.gate

    @property
    def verdict(self) -> str:
        """One word for the table: what was reached, or what is wrong."""
        if not self.ratio:
            return "NOT MEASURED"
        if not self.holds:
            return f"REGRESSED (gate {self.gate:.2f})"
        return "pass" if self.ratio >= self.budget.target else "miss"


def budgets(path: Path = BUDGETS) -> tuple[float, list[Budget]]:
    """Read the margin and the rows; a key that is not known, or a row that is there twice, is refused."""
    content = tomllib.loads(path.read_text())
    rows = [Budget(**row) for row in content["rows"]]
    margin = content["margin"]
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.group, row.ours, row.baseline)
        if key in seen:
            raise ValueError(f"{path.name}: {row.group} against {row.baseline} is there twice")
        if row.budget <= 0 or row.target <= 0:
            raise ValueError(f"{path.name}: {row.group} against {row.baseline}: expected a ratio above 0")
        seen.add(key)
    return margin, rows


def name_in_group(name: str, group: str) -> str:
    """Return what is left of a benchmark's name without `test_`, parameters and the words of its group."""
    words = re.sub(r"\[.*", "", name).removeprefix("test_").split("_")
    for word in re.split(r"\W+", group.lower()):
        if words and words[0] == word:
            del words[0]
    return "_".join(words)


def timings(report: Mapping[str, Any]) -> dict[tuple[str, str], Timing]:
    """Take the times by group and name out of a report of pytest-benchmark."""
    found: dict[tuple[str, str], Timing] = {}
    for row in report["benchmarks"]:
        group = row["group"] or ""
        operations = row["extra_info"].get("operations", 1)
        stats = row["stats"]
        found[group, name_in_group(row["name"], group)] = Timing(
            stats["min"] * 1e9 / operations,
            stats["median"] * 1e9 / operations,
            row["extra_info"],
        )
    return found


def compare(measured: Mapping[tuple[str, str], Timing], margin: float, wanted: Iterable[Budget]) -> list[Row]:
    """Set what was measured against what is wanted."""
    return [
        Row(budget, margin, measured.get((budget.group, budget.ours)), measured.get((budget.group, budget.baseline)))
        for budget in wanted
        if not budget.peer or (budget.group, budget.baseline) in measured
    ]


def best_of(rows: Iterable[Row], again: Iterable[Row]) -> list[Row]:
    """Take the better of two measurements of each row. again: some of the rows; a peer not asked again has none."""
    better = {row.budget: row for row in again}
    return [max(row, better.get(row.budget, row), key=lambda each: each.ratio) for row in rows]


def duration(nanoseconds: float) -> str:
    """Write a time with three digits and its unit: `87.1 ns`, `1.25 us`."""
    for unit in ("ns", "us", "ms"):
        if nanoseconds < 999.5:
            return f"{nanoseconds:.3g} {unit}"
        nanoseconds /= 1000
    return f"{nanoseconds:.3g} s"


def render(rows: Iterable[Row]) -> str:
    """Lay the rows out as a table of plain text."""

    def amount(of: Timing | None, budget: Budget) -> str:
        if of is None:
            return "-"
        if budget.measure.endswith("_ns"):
            return duration(of.extra[budget.measure])
        return f"{of.extra[budget.measure]:g} {budget.measure}" if budget.measure else duration(of.median_ns)

    lines = [("id", "what", "ours p50", "p99 of one", "against", "p50", "ratio", "target", "floor", "verdict")]
    for row in rows:
        wanted = row.budget
        p99_ns = row.ours.extra.get("p99_ns", 0) if row.ours else 0
        lines.append(
            (
                wanted.group,
                wanted.what,
                amount(row.ours, wanted),
                duration(p99_ns) if p99_ns else "-",
                wanted.baseline,
                amount(row.baseline, wanted),
                f"{row.ratio:.2f}" if row.ratio else "-",
                f"{wanted.target:g}",
                duration(wanted.floor_ns) if wanted.floor_ns else "-",
                row.verdict,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)
