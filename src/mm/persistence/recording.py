"""Reads a recording back: events in order, a cut-off tail noticed, damage refused."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

from mm._core.events import FORMAT_VERSION, READABLE_FORMS, Event, unpack
from mm.persistence.recorder import CRC, HEAD, HEADER, MAGIC, RECORD_BYTES_MAX, length_word

_TAIL_ZEROS_MAX: Final = 1 << 20


class RecordingError(Exception):
    """Not a recording, of another version, or damaged before its end."""


class Recording:
    """One file; iterate over it for its events.

    build, created_ns: of the writer; torn_bytes: bytes of an unfinished last record that were left out, known once the
    iteration has ended. Raises RecordingError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn_bytes = 0
        try:
            with path.open("rb") as file:
                head = file.read(HEADER.size)
                if len(head) < HEADER.size or head[:8] != MAGIC:
                    raise RecordingError(f"{path} is not a recording of mm")
                _, version, name_size, self.created_ns = HEADER.unpack(head)
                name = file.read(name_size)
                check = file.read(CRC.size)
        except OSError as error:
            raise RecordingError(f"cannot read {path}: {error.strerror}") from None
        if len(check) < CRC.size or CRC.unpack(check)[0] != crc32(head + name):
            raise RecordingError(f"{path}: the header is damaged")
        if version not in READABLE_FORMS:
            raise RecordingError(
                f"{path}: recorded in form {version} by build {name.decode()}, this build reads form {FORMAT_VERSION}"
            )
        self.build = name.decode()
        self._start = HEADER.size + name_size + CRC.size

    def __iter__(self) -> Iterator[Event]:
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = len(data)
            position = self._start
            while position < end:
                body = self._body(data, position, end)
                if body is None:
                    self.torn_bytes = end - position
                    return
                start, position = body
                try:
                    event = unpack(data[start:position])
                except ValueError as error:
                    raise RecordingError(f"{self.path}: record at byte {start - HEAD.size}: {error}") from error
                yield event

    def _body(self, data: mmap.mmap, position: int, end: int) -> tuple[int, int] | None:
        """(start, end) of the next payload; None when the file was cut off inside this record."""
        start = position + HEAD.size
        if start > end:
            return None
        word, crc = HEAD.unpack(data[position:start])
        size = word & RECORD_BYTES_MAX
        if not size or word != length_word(size):
            # A disk that lost power may have grown the file without writing it.
            if end - position <= _TAIL_ZEROS_MAX and not any(data[position:end]):
                return None
            raise RecordingError(f"{self.path}: damaged at byte {position}: {end - position} bytes cannot be trusted")
        stop = start + size
        if stop > end:
            return None
        if crc32(data[start:stop]) != crc:
            if stop == end:
                return None
            raise RecordingError(f"{self.path}: damaged at byte {position}: the check of the record is wrong")
        return start, stop


def read(path: Path) -> Iterator[Event]:
    """The events of a recording, without an unfinished last one."""
    return iter(Recording(path))
