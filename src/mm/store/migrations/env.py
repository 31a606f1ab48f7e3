"""Run from `mm.store.postgres`, which has the connection; alembic's own command line is not used."""
