# cython: nonecheck=True
"""Client order ids as they are counted out; `mm.oms.ids` says what they are made of, and which are ours."""

from libc.stdint cimport int64_t

from mm._core.text cimport TextWriter, ascii_of
from mm._core.words cimport same

cdef const char* DIGITS = b"0123456789abcdefghijklmnopqrstuvwxyz"


cdef class ClientIdsCore:
    """The ids of one start. prefix: owner and epoch; letters: purpose to its letter, all ASCII.

    Peeking does not take: an id is taken when its Place is applied, so replay takes the same.
    """

    def __init__(self, str owner not None, str prefix not None, dict letters not None):
        self.owner = owner
        self._prefix = prefix
        self._letters = letters
        self._writer = TextWriter()
        if not all(text.isascii() for text in (prefix, *letters.values())):
            raise ValueError(f"prefix {prefix!r}, letters {letters!r}: not ASCII")

    cpdef str peek(self, str purpose):
        """Return the id that the next Place gets."""
        cdef char buffer[16]
        cdef int end = 16
        cdef int64_t number = self.count + 1
        cdef TextWriter writer = self._writer
        if self._last_purpose is None or not same(purpose, self._last_purpose):
            writer.size = 0
            writer.put_str(self._prefix)
            writer.put_str(<str?>self._letters[purpose])
            self._head_size = writer.size
            self._last_purpose = purpose
        # What is before the number stays where it is.
        writer.size = self._head_size
        while number:
            end -= 1
            buffer[end] = DIGITS[number % 36]
            number //= 36
        writer.put(&buffer[end], 16 - end)
        return ascii_of(writer.start, writer.size)

    cpdef take(self):
        """Move on: a Place was applied."""
        self.count += 1
