"""What `data-engine models` prints and asks."""
