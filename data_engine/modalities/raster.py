"""Tiles of satellite scenes: windows of GeoTIFF files with their bands, place and time, read again from the source."""

from data_engine.modalities.modality import Modality

MODALITY = Modality(
    name="raster",
    sample="a tile of a satellite scene, whose bands are read again from the source",
    one="a tile",
    plural="tiles",
    kinds=("raster_tiles",),
    form="data_engine.indexing.forms:MEDIA",
    endings=("tif", "tiff"),
    is_read_again=True,
    extra="raster",
    packages=("rasterio",),
    defaults={"encoder": "spectral-statistics", "first_pass": {"near_duplicate_similarity": 0.97}},
    rules="data_engine.filtering.rules.media.raster_rules:RASTER_RULES",
    looks="data_engine.filtering.rules.media.raster_look:looks",
    near_duplicates="data_engine.filtering.near_tiles:NEAR",
    encoders="data_engine.embedding.raster_encoders:ENCODERS",
    encoders_of=("raster", "image"),
    without_weights="spectral-statistics",
    items="data_engine.rasters.items:tiles_for_encoder",
    has_image=True,
    image="data_engine.rasters.items:shown_tile",
    formats=("hf", "webdataset", "geojson", "geoparquet"),
    file_endings={"image/x-raster-tile": "tif"},
    file="data_engine.rasters.geotiff:released_tile",
    file_id="data_engine.rasters.geotiff:id_of_released",
    load_file="""import rasterio

first = rasterio.open(path_of[samples["sample_id"][0]]).read()  # (bands, rows, columns)""",
)
