"""Sockets and the machines that drive them: one link per venue, and the thin shells that move its bytes."""
