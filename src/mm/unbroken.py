"""Imports that no signal interrupts: orjson does not survive an exception that is raised while it sets itself up."""

import signal

if hasattr(signal, "pthread_sigmask"):
    _before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        import orjson  # noqa: F401
    finally:
        # What came meanwhile is heard now.
        signal.pthread_sigmask(signal.SIG_SETMASK, _before)
