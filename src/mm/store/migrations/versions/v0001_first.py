"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "starts",
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger),
        sa.Column("started_ns", sa.BigInteger),
        sa.Column("seed", sa.BigInteger),
        sa.Column("build", sa.Text),
        sa.Column("config", sa.Text),
        sa.PrimaryKeyConstraint("epoch"),
    )
    op.create_table(
        "instruments",
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("quote", sa.Text),
        sa.Column("definition", sa.Text),
        sa.PrimaryKeyConstraint("venue", "symbol"),
    )
    op.create_table(
        "orders",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text),
        sa.Column("symbol", sa.Text),
        sa.Column("strategy", sa.Text),
        sa.Column("purpose", sa.Text),
        sa.Column("parent", sa.Text),
        sa.Column("order_type", sa.Text),
        sa.Column("time_in_force", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("doubts", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("level", sa.BigInteger),
        sa.Column("side", sa.BigInteger),
        sa.Column("post_only", sa.BigInteger),
        sa.Column("reduce_only", sa.BigInteger),
        sa.Column("is_accepted", sa.BigInteger),
        sa.Column("cancel_asked", sa.BigInteger),
        sa.Column("created_ns", sa.BigInteger),
        sa.Column("updated_ns", sa.BigInteger),
        sa.Column("touched_ns", sa.BigInteger),
        sa.Column("told_ns", sa.BigInteger),
        sa.Column("lost_ns", sa.BigInteger),
        sa.Column("price", sa.Numeric),
        sa.Column("size", sa.Numeric),
        sa.Column("cum_size", sa.Numeric),
        sa.Column("filled", sa.Numeric),
        sa.Column("cost", sa.Numeric),
        sa.Column("pending_price", sa.Numeric),
        sa.Column("pending_size", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "client_id"),
    )
    op.create_index("orders_0", "orders", ["epoch", "record"])
    op.create_index("orders_1", "orders", ["venue", "venue_id"])
    op.create_index("orders_2", "orders", ["symbol"])
    op.create_table(
        "fills",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text),
        sa.Column("venue_id", sa.Text),
        sa.Column("strategy", sa.Text),
        sa.Column("purpose", sa.Text),
        sa.Column("liquidity", sa.Text),
        sa.Column("base", sa.Text),
        sa.Column("quote", sa.Text),
        sa.Column("fee_asset", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("side", sa.BigInteger),
        sa.Column("is_own", sa.BigInteger),
        sa.Column("venue_ns", sa.BigInteger),
        sa.Column("recv_ns", sa.BigInteger),
        sa.Column("price", sa.Numeric),
        sa.Column("size", sa.Numeric),
        sa.Column("amount", sa.Numeric),
        sa.Column("cost", sa.Numeric),
        sa.Column("fee", sa.Numeric),
        sa.Column("position", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "symbol", "execution_id"),
    )
    op.create_index("fills_0", "fills", ["epoch", "record"])
    op.create_index("fills_1", "fills", ["symbol"])
    op.create_index("fills_2", "fills", ["strategy"])
    op.create_table(
        "positions",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("quote", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("fills", sa.BigInteger),
        sa.Column("updated_ns", sa.BigInteger),
        sa.Column("bought", sa.Numeric),
        sa.Column("sold", sa.Numeric),
        sa.Column("position", sa.Numeric),
        sa.Column("cash", sa.Numeric),
        sa.Column("price", sa.Numeric),
        sa.Column("venue_position", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "symbol"),
    )
    op.create_table(
        "debts",
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("venue", sa.Text),
        sa.Column("symbol", sa.Text),
        sa.Column("base", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("side", sa.BigInteger),
        sa.Column("opened_ns", sa.BigInteger),
        sa.Column("closed_ns", sa.BigInteger),
        sa.Column("amount", sa.Numeric),
        sa.Column("unpaid", sa.Numeric),
        sa.PrimaryKeyConstraint("desk", "epoch", "record"),
    )
    op.create_index("debts_0", "debts", ["epoch", "record"])
    op.create_index("debts_1", "debts", ["owner"])
    op.create_table(
        "payments",
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("execution_id", sa.Text),
        sa.Column("venue", sa.Text),
        sa.Column("symbol", sa.Text),
        sa.Column("quote", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("debt_epoch", sa.BigInteger),
        sa.Column("debt_record", sa.BigInteger),
        sa.Column("side", sa.BigInteger),
        sa.Column("waited_ns", sa.BigInteger),
        sa.Column("paid_ns", sa.BigInteger),
        sa.Column("amount", sa.Numeric),
        sa.Column("price", sa.Numeric),
        sa.Column("cost", sa.Numeric),
        sa.PrimaryKeyConstraint("desk", "epoch", "record", "number"),
    )
    op.create_index("payments_0", "payments", ["epoch", "record"])
    op.create_table(
        "funding",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("asset", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("side", sa.BigInteger),
        sa.Column("venue_ns", sa.BigInteger),
        sa.Column("amount", sa.Numeric),
        sa.Column("rate", sa.Numeric),
        sa.Column("position_value", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "symbol", "record_id"),
    )
    op.create_index("funding_0", "funding", ["epoch", "record"])
    op.create_table(
        "balances",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("updated_ns", sa.BigInteger),
        sa.Column("total", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "asset"),
    )
    op.create_table(
        "transfers",
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("ledger_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("asset", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.Column("venue_ns", sa.BigInteger),
        sa.Column("amount", sa.Numeric),
        sa.Column("fee", sa.Numeric),
        sa.PrimaryKeyConstraint("venue", "ledger_id"),
    )
    op.create_index("transfers_0", "transfers", ["epoch", "record"])
    op.create_table(
        "differences",
        sa.Column("venue", sa.Text),
        sa.Column("what", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("ours", sa.Text),
        sa.Column("theirs", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("verdict", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger),
        sa.Column("amount", sa.Numeric),
        sa.PrimaryKeyConstraint("epoch", "record"),
    )
    op.create_table(
        "reconciliations",
        sa.Column("venue", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger),
        sa.Column("begun_ns", sa.BigInteger),
        sa.Column("differences", sa.BigInteger),
        sa.Column("unexplained", sa.BigInteger),
        sa.PrimaryKeyConstraint("epoch", "record"),
    )
    op.create_table(
        "notes",
        sa.Column("kind", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("epoch", "record"),
    )
    op.create_table(
        "gaps",
        sa.Column("reason", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.Column("until_record", sa.BigInteger),
        sa.Column("found_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("epoch", "record"),
    )
    op.create_table(
        "decisions",
        sa.Column("venue", sa.Text),
        sa.Column("symbol", sa.Text),
        sa.Column("strategy", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("did", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger),
        sa.Column("until_ns", sa.BigInteger),
        sa.Column("times", sa.BigInteger),
        sa.Column("is_silence", sa.BigInteger),
        sa.PrimaryKeyConstraint("epoch", "number"),
    )
    op.create_index("decisions_0", "decisions", ["at_ns"])
    op.create_table(
        "profits",
        sa.Column("unvalued", sa.Text),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger),
        sa.Column("spread", sa.Numeric),
        sa.Column("inventory", sa.Numeric),
        sa.Column("fees", sa.Numeric),
        sa.Column("hedging", sa.Numeric),
        sa.Column("funding", sa.Numeric),
        sa.Column("conversion", sa.Numeric),
        sa.Column("held", sa.Numeric),
        sa.PrimaryKeyConstraint("epoch", "minute"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("record", sa.BigInteger),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """There is nothing before it."""
    raise NotImplementedError("move the database away and make it anew: `mm store --rebuild`")
