"""Satellite rasters: scenes opened and checked, cut into tiles, measured, shown, and described by their spectra.

Everything here takes and gives arrays. rasterio is imported in `scene.py`, `footprint.py` and `geotiff.py` alone,
inside the functions that need it.
"""
