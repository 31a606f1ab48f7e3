"""Words of the trade that are compared: mostly the same object, or of another length."""

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


cdef inline bint same(str a, str b) except -1:
    """Whether two texts are equal; None is only itself."""
    return a is b or (
        a is not None and b is not None and PyUnicode_GET_LENGTH(a) == PyUnicode_GET_LENGTH(b) and a == b
    )
