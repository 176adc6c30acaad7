"""Is anything ever lost? Real processes that are killed, held up and cut off, and figures of it."""
