# cython: nonecheck=True
"""A request ready to send, and its bytes.

The bytes of an HTTP/1.1 request are made where they are written to the socket, from what a codec has signed: nothing
is encoded, sorted or repeated on the way.
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cython cimport final, freelist

from mm._core.text cimport TextWriter
from mm._core.words cimport same

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void* PyUnicode_DATA(object text)

cdef str GET = "GET"


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


cdef bint is_line(const char* raw, Py_ssize_t count, unsigned char lowest) noexcept nogil:
    """Whether bytes are ASCII from `lowest` on that can stand on a line. Looks at all of them without a branch, so that
    the compiler takes sixteen at a time."""
    cdef unsigned char bad = 0
    cdef unsigned char byte
    cdef Py_ssize_t index
    for index in range(count):
        byte = <unsigned char>raw[index]
        bad |= (byte < lowest) | (byte >= 0x7F)
    return bad == 0


cdef bint is_printable(str text, bint with_blanks) except -1:
    """Whether a text is ASCII that can stand on a line."""
    if not PyUnicode_IS_COMPACT_ASCII(text):
        return False
    return is_line(<const char*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), 0x20 if with_blanks else 0x21)


cdef inline int put_text(TextWriter writer, str text) except -1:
    """A text that was looked at."""
    return writer.put(<const char*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text))


@final
cdef class HttpWriter:
    """Writes requests to one host. base: what comes before each path; authority: host and port."""

    def __init__(self, str base not None, str authority not None, str user_agent not None):
        self._base = base.encode("ascii")
        self._fixed = f" HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {user_agent}\r\n".encode("ascii")
        self._writer = TextWriter()
        self._headers = ()
        self._headers_written = b""
        self._method = ""

    cpdef bytes write(self, HttpRequest request):
        """Return the bytes of a request. Raises ValueError for one that would be another one on the line."""
        cdef TextWriter writer = self._writer
        cdef tuple headers = request.headers
        cdef str path = request.path
        cdef str method = request.method
        if not is_printable(path, False) or PyUnicode_GET_LENGTH(path) == 0 or (<char*>PyUnicode_DATA(path))[0] != c"/":
            if not path.startswith("/") or not is_printable(path, True):
                raise ValueError(f"path: expected printable ASCII from / on, got {path!r}")
            raise ValueError(f"request line: {method!r} {path!r}")
        if method is not self._method:
            if not (method.isascii() and method.isalpha()):
                raise ValueError(f"request line: {method!r} {path!r}")
            self._method = method
        if headers is not self._headers:
            self._headers_written = self._write_headers(headers)
            self._headers = headers
        writer.size = 0
        put_text(writer, method)
        writer.put(b" ", 1)
        writer.put_bytes(self._base)
        put_text(writer, path)
        writer.put_bytes(self._fixed)
        writer.put_bytes(self._headers_written)
        if PyBytes_GET_SIZE(request.body) or not same(method, GET):
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
