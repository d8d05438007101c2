"""Review batches in files: written for other tools, and read with the answers that were given there."""
