"""What all events and commands share: a time, and fields that are named in one literal.

`FIELDS` drives comparison, representation and the binary form of `mm._core.events`.
"""

from cython cimport no_gc


@no_gc
cdef class Event:
    """What all events share; `recv_ns` is our receive time, for commands the time of the decision."""

    KIND = 0
    FIELDS = ()

    def values(self):
        """Return the fields' values in the order of `FIELDS`."""
        return tuple([getattr(self, name) for name, _ in type(self).FIELDS])

    def __eq__(self, other):
        return type(self) is type(other) and self.values() == (<Event>other).values()

    def __hash__(self):
        return hash((type(self).KIND, self.values()))

    def __repr__(self):
        fields = ", ".join([f"{name}={getattr(self, name)!r}" for name, _ in type(self).FIELDS])
        return f"{type(self).__name__}({fields})"

    def __reduce__(self):
        return type(self), self.values()
