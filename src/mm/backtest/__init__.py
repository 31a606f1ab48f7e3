"""The same bot under virtual time: nothing waits, nothing is a socket, and the same seed gives the same run."""
