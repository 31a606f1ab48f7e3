"""How many generated cases a property is given: its own number in `make test`, thousands in a campaign."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def cases(number: int, **options: Any) -> settings:
    """Settings of a property that is drawn so often every day, or as often as the profile says if that is more."""
    return settings(max_examples=max(number, settings().max_examples), deadline=None, **options)
