"""Where each key of a TOML text stands, so that an error can name the line.

`tomllib` does not tell lines. This scan knows table headers, keys, dotted keys and multi-line values; a key inside an
inline table has the line of its table.
"""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART: Final = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Map from a key's path (`("limits", "max_order_size")`) to its line, from 1."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    fence = ""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            if fence in line:
                fence = ""
            continue
        if depth == 0:
            bare = line.strip()
            if bare.startswith("["):
                table = _parts(bare.lstrip("[").split("]")[0])
                lines.setdefault(table, number)
                continue
            found = _KEY.match(line)
            if found:
                lines.setdefault((*table, *_parts(found[1])), number)
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                fence = mark
        rest = _STRING.sub("", line).split("#")[0]
        depth = max(0, depth + rest.count("[") + rest.count("{") - rest.count("]") - rest.count("}"))
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
