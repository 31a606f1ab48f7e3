"""`pytest.raises` whose failure names the fault: what is not refused is a judgement, and of which row of the faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refused(fault: str, error: type[Exception], match: str = "") -> Iterator[None]:
    """The block has to raise an error whose text holds a pattern; AssertionError with the fault's id where not."""
    try:
        yield
    except error as told:
        text = str(told)
    else:
        raise AssertionError(f"{fault}: nothing was refused")
    assert re.search(match, text), f"{fault}: refused for another reason: {text}"
