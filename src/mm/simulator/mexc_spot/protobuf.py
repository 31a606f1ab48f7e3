"""A writer of protocol buffers, as much of it as MEXC's pushes need (proto3: what is zero or empty is not written)."""

from __future__ import annotations

VARINT, LENGTH = 0, 2


def varint(value: int) -> bytes:
    """An unsigned number in groups of seven bits; a negative one as its 64-bit complement (ten bytes)."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(field: int, value: str | None) -> bytes:
    """A string; "" is left out."""
    return delimited(field, value.encode()) if value else b""


def optional_text(field: int, value: str | None) -> bytes:
    """A string of a field with presence: None is left out, "" is written."""
    return b"" if value is None else delimited(field, value.encode())


def number(field: int, value: int) -> bytes:
    """An int32, int64 or bool; 0 is left out."""
    return varint(field << 3 | VARINT) + varint(value) if value else b""


def optional_number(field: int, value: int | None) -> bytes:
    """A number of a field with presence: None is left out, 0 is written."""
    return b"" if value is None else varint(field << 3 | VARINT) + varint(value)


def delimited(field: int, value: bytes) -> bytes:
    """A message or the bytes of a string; written even when empty."""
    return varint(field << 3 | LENGTH) + varint(len(value)) + value
