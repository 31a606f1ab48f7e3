"""A bounded memory of names: the newest are known, and those whose owner is an order that is still remembered.

A ring beside a dict: a dict alone, emptied at its front, is searched from the beginning each time for its oldest entry.
"""

from cython cimport final

__all__ = ["Recent"]

# How many old names one step looks at before it lets the memory grow past its bound for the sake of their owners.
cdef int LOOKS_MAX = 8


@final
cdef class Recent:
    """The last `most` names that were added, each once."""

    def __init__(self, Py_ssize_t most):
        if most < 1:
            raise ValueError(f"most is {most}, expected 1 or more")
        self.most = most
        self._owners = {}
        self._ring = []

    def __len__(self):
        return len(self._owners)

    def __contains__(self, object name):
        return name in self._owners

    def names(self):
        """Return the names that are known."""
        return list(self._owners)

    cdef list owned(self, dict orders):
        """The names whose owners are among some orders, each with its owner, oldest first."""
        cdef list found = []
        for index in range(len(self._ring)):
            name = self._ring[(self._next + index) % len(self._ring)]
            owner = self._owners[name]
            if owner in orders:
                found.append([name, owner])
        return found

    cdef str name_for(self, str name, str owner):
        """The name by which an owner's is kept: one that another owner has already is told from that one's."""
        other = self._owners.get(name)
        return name if other is None or other == owner else f"{name} of {owner}"

    cdef bint add(self, str name, str owner, dict orders) except -1:
        """Remember a name, returns whether it is new. orders: those that are remembered, by the name of the owner."""
        cdef Py_ssize_t known = len(self._owners)
        self._owners.setdefault(name, owner)
        if len(self._owners) == known:
            return False
        if known < self.most:
            self._ring.append(name)
            return True
        for _ in range(LOOKS_MAX):
            if self._next >= len(self._ring):
                self._next = 0
            oldest = <str>self._ring[self._next]
            self._next += 1
            if self._owners[oldest] not in orders:
                del self._owners[oldest]
                self._ring[self._next - 1] = name
                return True
        self._ring.append(name)
        return True
