"""A world of faults: the real bot against simulated venues in memory, every choice from one seed, and its judge."""
