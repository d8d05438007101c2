"""Sources whose samples are cut out of arrays of pixels: lines of values, and tiles of larger images."""
