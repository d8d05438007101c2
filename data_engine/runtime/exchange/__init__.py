"""Review batches of a corpus in files and in other tools, and notices of them."""
