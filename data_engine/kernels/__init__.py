"""Compiled code: arrays and constants in, arrays out. The only place with numba; callers choose, kernels compute."""
