"""The store: what happened, in tables, for people and their tools. Written from the journal by a process of its own.

Nothing in the engine knows of it and nothing waits for it. See `docs/store.md`.
"""
