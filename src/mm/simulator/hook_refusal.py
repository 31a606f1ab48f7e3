"""What the `error` of a fault hook `refuse` says where a venue refuses with numbers: `30004`, or `30004:any text`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mm.simulator.hooks import HookError

SUCCESSES: Final = frozenset({0, 200})
"""No refusals."""
_ERROR: Final = re.compile(r"(-?[0-9]{1,9})(?::(.*))?", re.DOTALL)


def numbered(error: str, texts: Mapping[int, str], default: int) -> tuple[int, str]:
    """The code and the text of a refusal.

    texts: what the venue says of each of its codes, for a code without a text. default: the code of an empty `error`.

    Raises:
        HookError: neither a code nor a code and a text, a code of a success, or one that only a text would explain.
    """
    match = _ERROR.fullmatch(error or str(default))
    if match is None:
        raise HookError(
            f"hook field 'error' must be a code ('{default}') or a code and a text ('{default}:busy'), not {error!r}"
        )
    code, text = int(match[1]), match[2]
    if code in SUCCESSES:
        raise HookError(f"hook field 'error' must be the code of a refusal, not {error!r}")
    if text is None and code not in texts:
        raise HookError(f"hook field 'error' has a code that the venue does not list: write '{code}:' and a text")
    return code, texts[code] if text is None else text
