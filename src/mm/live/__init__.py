"""The live world: a machine without I/O, driven by real sockets and a real clock."""
