from mm._core.text cimport TextWriter


cdef class HttpRequest:
    cdef readonly str method, path
    cdef readonly tuple headers
    cdef readonly bytes body
    cdef readonly bint is_read


cdef class HttpWriter:
    cdef bytes _base, _fixed
    cdef TextWriter _writer
    # Of the request before: most carry the very same ones.
    cdef str _method
    cdef tuple _headers
    cdef bytes _headers_written

    cpdef bytes write(self, HttpRequest request)
    cdef bytes _write_headers(self, tuple headers)


cdef HttpRequest http_request(str method, str path, tuple headers, bytes body, bint is_read)
