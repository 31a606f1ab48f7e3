"""What is kept of a crash: the traceback in the state folder, with every secret taken out."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Final

CRASHES_MAX: Final = 20
"""A bot that is restarted again and again must not fill the disk."""
BYTES_MAX: Final = 200_000
SECRET_LENGTH_MIN: Final = 4
"""A shorter text is no secret, and taking it out would make the report unreadable."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, whatever put them there."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SECRET_LENGTH_MIN:
            text = text.replace(secret, "(secret)")
    return text


def write_crash(folder: Path, name: str, error: BaseException, secrets: Iterable[str]) -> Path | None:
    """Write the report, readable by its owner alone; returns where, None if it cannot be written.

    name: of the run, in the file's name. The report is a convenience: a full disk must not hinder the end of a run.
    """
    text = redact("".join(traceback.format_exception(error)), secrets)[-BYTES_MAX:]
    path = folder / f"crash-{name}.txt"
    try:
        old = sorted(folder.glob("crash-*.txt"))
        for each in old[: max(0, len(old) - CRASHES_MAX + 1)]:
            each.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return None
    return path
