"""Counts and latencies of a running bot: plain values, read by whoever shows or exports them."""
