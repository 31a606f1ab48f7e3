"""A TOML syntax error in the form of every other problem: where it is, what is wrong, what to do."""

from __future__ import annotations

import re
from typing import Final

from mm.config.problems import Problem

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_ADVICE: Final = (
    ("Invalid value", 'after "=" comes a number, true, false, a list in [ ] or a text in quotes: key = "text"'),
    ("Expected '=' after a key", 'write one key = value a line; "=" stands between them'),
    ("Expected newline", "write one key = value a line; a text stands in quotes"),
    ("Invalid statement", "a line is key = value, [table] or # comment"),
    ("Invalid initial character", "a key is of letters, digits, - and _; any other stands in quotes"),
    ("Cannot overwrite", "the key stands twice: keep one"),
    ("Cannot declare", "the table stands twice: join the two"),
    ("Cannot redefine", "the table stands twice: join the two"),
    ("Duplicate inline", "the key stands twice: keep one"),
    ("Unterminated string", "a quote is missing at the end of the text"),
    ("Illegal character", "a quote is missing at the end of the line, or an invisible character stands there"),
    ("Expected ']'", "a closing ] is missing"),
    ("Unclosed array", "a closing ] is missing"),
    ("Unclosed inline", "a closing } is missing"),
    ("Invalid date", "a date is 2026-12-31; a text stands in quotes"),
)
"""How tomllib's messages begin, and what to do about it. They never hold the document, which may hold a secret."""


def syntax_problem(name: str, text: str, error: Exception) -> Problem:
    """The problem of a file whose text tomllib has refused."""
    said = str(error)
    found = _PLACE.search(said)
    if found is None:
        # Numbers of thousands of digits, lists in thousands of lists: not a word about where.
        return Problem("file", name, "valid TOML", "what no parser takes", "nothing here needs such a value")
    line, column = found[1], found[2]
    if line is None:
        lines = text.rstrip("\n").split("\n")
        line, column = str(len(lines)), str(len(lines[-1]) + 1)
    wrong = said[: found.start()]
    advice = next((advice for start, advice in _ADVICE if wrong.startswith(start)), "the rules of TOML: toml.io")
    return Problem("file", f"{name}:{line}:{column}", "valid TOML", wrong[0].lower() + wrong[1:], advice)
