"""Words of the trade that are compared: mostly the same object, or of another length."""

from libc.string cimport memcmp

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)


cdef inline bint same(str a, str b) noexcept:
    """Whether two texts are equal; None is only itself. Equal texts have characters of one width."""
    if a is b:
        return True
    if a is None or b is None or PyUnicode_GET_LENGTH(a) != PyUnicode_GET_LENGTH(b):
        return False
    if PyUnicode_KIND(a) != PyUnicode_KIND(b):
        return False
    # Words of one length mostly differ in their first letter. An empty text has a NUL there.
    return (<const char*>PyUnicode_DATA(a))[0] == (<const char*>PyUnicode_DATA(b))[0] and memcmp(
        PyUnicode_DATA(a), PyUnicode_DATA(b), PyUnicode_GET_LENGTH(a) * PyUnicode_KIND(a)
    ) == 0
