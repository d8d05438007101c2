"""The tables on disk: Parquet files of their rows, and the log of Delta that says which of them make up a version.

What a table is called and who may write it is in `storage.table_store`.
"""
