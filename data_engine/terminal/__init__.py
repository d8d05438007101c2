"""Output of commands: summaries, tables, thumbnails, progress bars, review in the terminal."""
