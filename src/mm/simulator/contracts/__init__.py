"""A market of linear contracts on the matching core: positions, margin, funding, liquidation. No wire format."""
