"""Two orders' executions of one id are two fills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the key say whose of them a row is; those that are there are each the first of its id."""
    op.add_column("fills", sa.Column("twin", sa.Text, nullable=False, server_default=""))
    op.alter_column("fills", "twin", server_default=None)
    op.drop_constraint("fills_pkey", "fills", type_="primary")
    op.create_primary_key("fills_pkey", "fills", ["venue", "symbol", "execution_id", "twin"])


def downgrade() -> None:
    """Fills would be lost."""
    raise NotImplementedError("move the database away and make it anew: `mm store --rebuild`")
