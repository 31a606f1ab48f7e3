# cython: nonecheck=True
"""A request ready to send, and its bytes.

The bytes of an HTTP/1.1 request are made where they are written to the socket, from what a codec has signed: nothing
is encoded, sorted or repeated on the way.
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from cython cimport final, freelist

from mm._core.text cimport TextWriter

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)


@final
@freelist(16)
cdef class HttpRequest:
    """A request ready to send; `body` is exactly what was signed. `is_read`: repeating it changes nothing."""

    def __init__(
        self, str method not None, str path not None, tuple headers not None, bytes body not None, bint is_read
    ):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.is_read = is_read

    def __eq__(self, other):
        if type(other) is not HttpRequest:
            return NotImplemented
        cdef HttpRequest that = <HttpRequest>other
        return (self.method, self.path, self.headers, self.body, self.is_read) == (
            that.method, that.path, that.headers, that.body, that.is_read
        )

    __hash__ = None

    def __repr__(self):
        """Without query, headers and body: they carry key, signature and token."""
        return f"HttpRequest({self.method} {self.path.partition('?')[0]})"


cdef HttpRequest http_request(str method, str path, tuple headers, bytes body, bint is_read):
    cdef HttpRequest made = HttpRequest.__new__(HttpRequest)
    made.method = method
    made.path = path
    made.headers = headers
    made.body = body
    made.is_read = is_read
    return made


cdef bint is_printable(str text, bint with_blanks) except -1:
    """Whether a text is ASCII that can stand on a line."""
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t index
    cdef const char* raw
    if not PyUnicode_IS_ASCII(text):
        return False
    raw = PyUnicode_AsUTF8AndSize(text, &count)
    for index in range(count):
        if raw[index] < 0x20 or raw[index] == 0x7F or (raw[index] == 0x20 and not with_blanks):
            return False
    return True


cdef inline int put_text(TextWriter writer, str text) except -1:
    cdef Py_ssize_t count = 0
    cdef const char* raw = PyUnicode_AsUTF8AndSize(text, &count)
    return writer.put(raw, count)


@final
cdef class HttpWriter:
    """Writes requests to one host. base: what comes before each path; authority: host and port."""

    def __init__(self, str base not None, str authority not None, str user_agent not None):
        self._base = base.encode("ascii")
        self._fixed = f" HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {user_agent}\r\n".encode("ascii")
        self._writer = TextWriter()
        self._headers = ()
        self._headers_written = b""

    cpdef bytes write(self, HttpRequest request):
        """Return the bytes of a request. Raises ValueError for one that would be another one on the line."""
        cdef TextWriter writer = self._writer
        cdef tuple headers = request.headers
        if not request.path.startswith("/") or not is_printable(request.path, True):
            raise ValueError(f"path: expected printable ASCII from / on, got {request.path!r}")
        if not is_printable(request.path, False) or not (request.method.isascii() and request.method.isalpha()):
            raise ValueError(f"request line: {request.method!r} {request.path!r}")
        if headers is not self._headers:
            self._headers_written = self._write_headers(headers)
            self._headers = headers
        writer.size = 0
        put_text(writer, request.method)
        writer.put(b" ", 1)
        writer.put_bytes(self._base)
        put_text(writer, request.path)
        writer.put_bytes(self._fixed)
        writer.put_bytes(self._headers_written)
        if PyBytes_GET_SIZE(request.body) or request.method != "GET":
            writer.put(b"Content-Length: ", 16)
            writer.put_units(PyBytes_GET_SIZE(request.body), 0)
            writer.put(b"\r\n", 2)
        writer.put(b"\r\n", 2)
        writer.put_bytes(request.body)
        return writer.taken()

    cdef bytes _write_headers(self, tuple headers):
        cdef TextWriter writer = self._writer
        cdef str name, value
        writer.size = 0
        for name, value in headers:
            if not is_printable(name, True) or not is_printable(value, True) or ":" in name:
                # The value may be a signature or a key: name it, do not print it.
                raise ValueError(f"header {name!r}: expected printable ASCII")
            put_text(writer, name)
            writer.put(b": ", 2)
            put_text(writer, value)
            writer.put(b"\r\n", 2)
        return writer.taken()
