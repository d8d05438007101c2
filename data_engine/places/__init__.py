"""Where data lie: on a disk of this host, or in a bucket that several hosts share; what has to be local is in scratch.

What lies there is known to `data_engine.storage`.
"""
