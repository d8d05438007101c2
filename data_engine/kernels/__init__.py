"""Compiled code, the only place with numba and llvmlite: arrays and constants in, arrays out.

`loading.py` says where compiled code is kept and when it repays loading; callers decide what is computed.
"""
