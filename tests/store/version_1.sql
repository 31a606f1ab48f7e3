-- A database as version 1 of the schema made it: never changed, so that it can be brought up to date for ever.
CREATE TABLE "starts" ("epoch" INTEGER NOT NULL, "record" INTEGER, "started_ns" INTEGER, "seed" INTEGER, "build" TEXT,
    "config" TEXT, PRIMARY KEY ("epoch")) STRICT, WITHOUT ROWID;
CREATE TABLE "instruments" ("epoch" INTEGER, "record" INTEGER, "venue" TEXT NOT NULL, "symbol" TEXT NOT NULL, "base"
    TEXT, "quote" TEXT, "definition" TEXT, PRIMARY KEY ("venue", "symbol")) STRICT, WITHOUT ROWID;
CREATE TABLE "orders" ("venue" TEXT NOT NULL, "client_id" TEXT NOT NULL, "venue_id" TEXT, "symbol" TEXT, "strategy"
    TEXT, "purpose" TEXT, "parent" TEXT, "order_type" TEXT, "time_in_force" TEXT, "state" TEXT, "reason" TEXT,
    "doubts" TEXT, "epoch" INTEGER, "record" INTEGER, "level" INTEGER, "side" INTEGER, "post_only" INTEGER,
    "reduce_only" INTEGER, "is_accepted" INTEGER, "cancel_asked" INTEGER, "created_ns" INTEGER, "updated_ns" INTEGER,
    "touched_ns" INTEGER, "told_ns" INTEGER, "lost_ns" INTEGER, "price" TEXT, "size" TEXT, "cum_size" TEXT, "filled"
    TEXT, "cost" TEXT, "pending_price" TEXT, "pending_size" TEXT, PRIMARY KEY ("venue", "client_id")) STRICT, WITHOUT
    ROWID;
CREATE INDEX "orders_0" ON "orders" ("epoch", "record");
CREATE INDEX "orders_1" ON "orders" ("venue", "venue_id");
CREATE INDEX "orders_2" ON "orders" ("symbol");
CREATE TABLE "fills" ("venue" TEXT NOT NULL, "symbol" TEXT NOT NULL, "execution_id" TEXT NOT NULL, "client_id" TEXT,
    "venue_id" TEXT, "strategy" TEXT, "purpose" TEXT, "liquidity" TEXT, "base" TEXT, "quote" TEXT, "fee_asset" TEXT,
    "epoch" INTEGER, "record" INTEGER, "side" INTEGER, "is_own" INTEGER, "venue_ns" INTEGER, "recv_ns" INTEGER,
    "price" TEXT, "size" TEXT, "amount" TEXT, "cost" TEXT, "fee" TEXT, "position" TEXT, PRIMARY KEY ("venue",
    "symbol", "execution_id")) STRICT, WITHOUT ROWID;
CREATE INDEX "fills_0" ON "fills" ("epoch", "record");
CREATE INDEX "fills_1" ON "fills" ("symbol");
CREATE INDEX "fills_2" ON "fills" ("strategy");
CREATE TABLE "positions" ("venue" TEXT NOT NULL, "symbol" TEXT NOT NULL, "base" TEXT, "quote" TEXT, "epoch" INTEGER,
    "record" INTEGER, "fills" INTEGER, "updated_ns" INTEGER, "bought" TEXT, "sold" TEXT, "position" TEXT, "cash" TEXT,
    "price" TEXT, "venue_position" TEXT, PRIMARY KEY ("venue", "symbol")) STRICT, WITHOUT ROWID;
CREATE TABLE "debts" ("desk" TEXT NOT NULL, "owner" TEXT, "kind" TEXT, "venue" TEXT, "symbol" TEXT, "base" TEXT,
    "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL, "side" INTEGER, "opened_ns" INTEGER, "closed_ns" INTEGER,
    "amount" TEXT, "unpaid" TEXT, PRIMARY KEY ("desk", "epoch", "record")) STRICT, WITHOUT ROWID;
CREATE INDEX "debts_0" ON "debts" ("epoch", "record");
CREATE INDEX "debts_1" ON "debts" ("owner");
CREATE TABLE "payments" ("desk" TEXT NOT NULL, "owner" TEXT, "kind" TEXT, "execution_id" TEXT, "venue" TEXT, "symbol"
    TEXT, "quote" TEXT, "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL, "number" INTEGER NOT NULL, "debt_epoch"
    INTEGER, "debt_record" INTEGER, "side" INTEGER, "waited_ns" INTEGER, "paid_ns" INTEGER, "amount" TEXT, "price"
    TEXT, "cost" TEXT, PRIMARY KEY ("desk", "epoch", "record", "number")) STRICT, WITHOUT ROWID;
CREATE INDEX "payments_0" ON "payments" ("epoch", "record");
CREATE TABLE "funding" ("venue" TEXT NOT NULL, "symbol" TEXT NOT NULL, "record_id" TEXT NOT NULL, "asset" TEXT,
    "epoch" INTEGER, "record" INTEGER, "side" INTEGER, "venue_ns" INTEGER, "amount" TEXT, "rate" TEXT,
    "position_value" TEXT, PRIMARY KEY ("venue", "symbol", "record_id")) STRICT, WITHOUT ROWID;
CREATE INDEX "funding_0" ON "funding" ("epoch", "record");
CREATE TABLE "balances" ("venue" TEXT NOT NULL, "asset" TEXT NOT NULL, "source" TEXT, "epoch" INTEGER, "record"
    INTEGER, "updated_ns" INTEGER, "total" TEXT, PRIMARY KEY ("venue", "asset")) STRICT, WITHOUT ROWID;
CREATE TABLE "transfers" ("venue" TEXT NOT NULL, "ledger_id" TEXT NOT NULL, "kind" TEXT, "asset" TEXT, "epoch"
    INTEGER, "record" INTEGER, "venue_ns" INTEGER, "amount" TEXT, "fee" TEXT, PRIMARY KEY ("venue", "ledger_id"))
    STRICT, WITHOUT ROWID;
CREATE INDEX "transfers_0" ON "transfers" ("epoch", "record");
CREATE TABLE "differences" ("venue" TEXT, "what" TEXT, "subject" TEXT, "ours" TEXT, "theirs" TEXT, "evidence" TEXT,
    "verdict" TEXT, "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL, "at_ns" INTEGER, "amount" TEXT, PRIMARY KEY
    ("epoch", "record")) STRICT, WITHOUT ROWID;
CREATE TABLE "reconciliations" ("venue" TEXT, "summary" TEXT, "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL,
    "at_ns" INTEGER, "begun_ns" INTEGER, "differences" INTEGER, "unexplained" INTEGER, PRIMARY KEY ("epoch",
    "record")) STRICT, WITHOUT ROWID;
CREATE TABLE "notes" ("kind" TEXT, "subject" TEXT, "text" TEXT, "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL,
    "at_ns" INTEGER, PRIMARY KEY ("epoch", "record")) STRICT, WITHOUT ROWID;
CREATE TABLE "gaps" ("reason" TEXT, "epoch" INTEGER NOT NULL, "record" INTEGER NOT NULL, "until_record" INTEGER,
    "found_ns" INTEGER, PRIMARY KEY ("epoch", "record")) STRICT, WITHOUT ROWID;
CREATE TABLE "decisions" ("venue" TEXT, "symbol" TEXT, "strategy" TEXT, "cause" TEXT, "text" TEXT, "did" TEXT, "epoch"
    INTEGER NOT NULL, "number" INTEGER NOT NULL, "at_ns" INTEGER, "until_ns" INTEGER, "times" INTEGER, "is_silence"
    INTEGER, PRIMARY KEY ("epoch", "number")) STRICT, WITHOUT ROWID;
CREATE INDEX "decisions_0" ON "decisions" ("at_ns");
CREATE TABLE "profits" ("unvalued" TEXT, "epoch" INTEGER NOT NULL, "minute" INTEGER NOT NULL, "at_ns" INTEGER,
    "spread" TEXT, "inventory" TEXT, "fees" TEXT, "hedging" TEXT, "funding" TEXT, "conversion" TEXT, "held" TEXT,
    PRIMARY KEY ("epoch", "minute")) STRICT, WITHOUT ROWID;
CREATE TABLE "cursors" ("name" TEXT NOT NULL, "owner" TEXT, "epoch" INTEGER, "record" INTEGER, PRIMARY KEY ("name"))
    STRICT, WITHOUT ROWID;
PRAGMA application_id = 1835889524;
PRAGMA user_version = 1;
