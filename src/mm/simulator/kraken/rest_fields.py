"""The fields of a REST request, from a query string, a form or JSON, as one mapping."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from mm.simulator.kraken.errors import Malformed, Refused
from mm.simulator.kraken.texts import parse_json

FIELDS_MAX = 500

_INDEXED = re.compile(r"(\w+)\[(\d{0,3})\](?:\[(\w+)\](?:\[(\w+)\])?)?")


def parse_fields(text: str, content_type: str) -> dict[str, Any]:
    """The fields of a body or query.

    Form keys like `orders[0][price]` become lists of mappings, as JSON has them.

    Raises:
        Refused: not a form and not a JSON object.
    """
    if "json" in content_type:
        try:
            value = parse_json(text.encode())
        except Malformed:
            raise Refused("EGeneral:Invalid arguments") from None
        if not isinstance(value, dict):
            raise Refused("EGeneral:Invalid arguments")
        return value
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Refused("EGeneral:Invalid arguments") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        match = _INDEXED.fullmatch(name)
        if match is None or not (match[2] or name.endswith("[]")):
            fields[name] = value
            continue
        rows = fields.setdefault(match[1], [])
        if not isinstance(rows, list):
            raise Refused("EGeneral:Invalid arguments")
        if match[3] is None:
            rows.append(value)
            continue
        index = int(match[2] or 0)
        if index > len(rows):
            raise Refused(f"EGeneral:Invalid arguments:{match[1]}")
        if index == len(rows):
            rows.append({})
        if not isinstance(rows[index], dict):
            raise Refused(f"EGeneral:Invalid arguments:{match[1]}")
        rows[index][match[3] if match[4] is None else f"{match[3]}[{match[4]}]"] = value
    return fields


def name_list(value: object) -> list[str]:
    """A comma list of names; blank for none."""
    if isinstance(value, list):
        return [str(item) for item in value]
    return [name for name in str(value or "").split(",") if name]
