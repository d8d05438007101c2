"""Files of rows that are written otherwise than most: JSON arrays, and quotes that no CSV standard knows."""
