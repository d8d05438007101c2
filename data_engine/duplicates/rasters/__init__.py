"""Near-duplicate tiles of rasters: those whose pixels agree in every band, wherever they lie."""
