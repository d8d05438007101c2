"""Running the graph from one command, in this process."""
