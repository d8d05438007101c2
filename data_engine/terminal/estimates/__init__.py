"""What `data-engine estimate` prints."""
