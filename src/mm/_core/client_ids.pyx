# cython: nonecheck=True
"""Client order ids as they are counted out; `mm.oms.ids` says what they are made of, and which are ours."""

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t

from mm._core.text cimport TextWriter

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t length, const char* errors)

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

    cpdef str peek(self, str purpose):
        """Return the id that the next Place gets."""
        cdef char buffer[16]
        cdef int end = 16
        cdef int64_t number = self.count + 1
        cdef TextWriter writer = self._writer
        writer.size = 0
        put_text(writer, self._prefix)
        put_text(writer, <str?>self._letters[purpose])
        while number:
            end -= 1
            buffer[end] = DIGITS[number % 36]
            number //= 36
        writer.put(&buffer[end], 16 - end)
        return PyUnicode_DecodeASCII(writer.start, writer.size, NULL)

    cpdef take(self):
        """Move on: a Place was applied."""
        self.count += 1


cdef inline int put_text(TextWriter writer, str text) except -1:
    cdef Py_ssize_t count = 0
    cdef const char* raw = PyUnicode_AsUTF8AndSize(text, &count)
    return writer.put(raw, count)
