"""Venues, one module or package each, found by name: bytes to events and commands to bytes, without I/O or clock."""

from mm.exchanges.discovery import find

__all__ = ["find"]
