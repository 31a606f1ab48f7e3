cdef class Recent:
    cdef readonly Py_ssize_t most
    cdef dict _owners
    cdef list _ring
    cdef Py_ssize_t _next

    cdef list owned(self, dict orders)
    cdef str name_for(self, str name, str owner)
    cdef bint add(self, str name, str owner, dict orders) except -1
