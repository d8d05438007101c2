"""Files of columns (Parquet, Arrow): their rows as plain values, read in a process that they cannot take along."""
