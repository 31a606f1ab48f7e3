"""Steps from one schema of the PostgreSQL store to the next, run by alembic when the store is opened for writing."""
