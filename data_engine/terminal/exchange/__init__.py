"""Commands about review batches in files, in other tools, and notices of them."""
