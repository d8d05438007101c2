"""How the bytes of a file are had: from servers that fail at times, and out of packed files."""
