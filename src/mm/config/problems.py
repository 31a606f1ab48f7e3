"""What is wrong with a configuration, collected so that every bad key is named at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad key: `key` as written (`limits.max_order_size`), `place` (`mm.toml:12`), what was expected, what came."""

    key: str
    place: str
    expected: str
    came: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.key}: expected {self.expected}"
        if self.came:
            text += f", got {self.came}"
        return f"{text} ({self.hint})" if self.hint else text


class SettingsError(Exception):
    """The configuration cannot be used; `problems` holds every reason."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{count} in the configuration:\n{lines}")
