"""What tells damaged tables and files from whole ones: checksums kept beside them, and the search for damage.

What is done about it is said by `data_engine.runtime.integrity`.
"""
