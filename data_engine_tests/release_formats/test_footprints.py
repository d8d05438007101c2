"""Releases of tiles on a map, read back by the libraries that maps are made with."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from drawn_tiles import drawn_tile

from data_engine.errors import InvalidInput
from data_engine.rasters.description import described
from data_engine.rasters.geotiff import geotiff_of
from data_engine.rasters.tile_grid import Window
from data_engine.release_formats.footprints import write_geojson, write_geoparquet
from data_engine.release_formats.released import Released

BERLIN = [[13.0, 52.0], [13.1, 52.0], [13.1, 52.1], [13.0, 52.1]]
FIJI = [[179.9, -17.0], [180.2, -17.0], [180.2, -16.9], [179.9, -16.9]]


@pytest.fixture
def released(tmp_path: Path) -> Released:
    """Three tiles: one in Berlin, one across the 180th meridian, and one whose place is not known."""
    rows, images = [], {}
    for number, corners in enumerate((BERLIN, FIJI, np.full((4, 2), np.nan))):
        found = drawn_tile(number)
        sample_id = f"{number:032x}"
        metadata = described(
            found, Window(0, 0, 32, 32), np.array(corners), scene="a.tif", acquired_at="2024-06-01T10:15:30+00:00"
        )
        rows.append(
            {"sample_id": sample_id, "uri": f"a.tif#{number}", "label": "field", "metadata": json.dumps(metadata)}
        )
        images[sample_id] = tmp_path / f"{sample_id}.tif"
        images[sample_id].write_bytes(geotiff_of(found))
    return Released("r1", "Tiles", "CC0", pa.Table.from_pylist(rows), images)


def test_geojson_has_a_feature_per_tile_and_the_tile_beside_it(released: Released, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    write_geojson(released, folder)
    berlin, fiji, nowhere = json.loads((folder / "samples.geojson").read_text("utf-8"))["features"]
    assert berlin["geometry"] == {"type": "Polygon", "coordinates": [[*BERLIN, BERLIN[0]]]}
    assert (berlin["properties"]["label"], berlin["properties"]["scene"]) == ("field", "a.tif")
    assert nowhere["geometry"] is None
    parts = [np.array(part[0]) for part in fiji["geometry"]["coordinates"]]
    assert [(part[:, 0].min(), part[:, 0].max()) for part in parts] == [(179.9, 180.0), (-180.0, pytest.approx(-179.8))]
    with rasterio.open(folder / berlin["properties"]["file"]) as file:
        assert np.array_equal(file.read(), drawn_tile(0).tile.pixels)


def test_geoparquet_is_read_by_geopandas_with_its_reference_system(released: Released, tmp_path: Path) -> None:
    import geopandas

    folder = tmp_path / "out"
    folder.mkdir()
    write_geoparquet(released, folder)
    frame = geopandas.read_parquet(folder / "samples.parquet")
    assert frame.crs == "OGC:CRS84"
    assert frame.geometry.geom_type.tolist()[:2] == ["Polygon", "MultiPolygon"]
    assert frame.geometry[0].bounds == (13.0, 52.0, 13.1, 52.1)
    assert frame.geometry[0].exterior.is_ccw
    assert frame.geometry[2] is None
    assert frame["label"].tolist() == ["field"] * 3
    said = json.loads(pq.read_metadata(folder / "samples.parquet").metadata[b"geo"])
    assert (said["version"], said["columns"]["geometry"]["bbox"]) == ("1.1.0", [-180.0, -17.0, 180.0, 52.1])
    assert len(geopandas.read_parquet(folder / "samples.parquet", bbox=(12, 51, 14, 53))) == 1


def test_a_release_without_tiles_has_the_footprints_alone_and_one_without_samples_is_empty(
    tmp_path: Path, released: Released
) -> None:
    import geopandas

    for name, given in (
        ("rows", Released("r1", "T", "CC0", released.rows, {})),
        ("none", Released("r1", "T", "CC0", released.rows.slice(0, 0), {})),
    ):
        folder = tmp_path / name
        folder.mkdir()
        write_geojson(given, folder)
        write_geoparquet(given, folder)
        assert len(json.loads((folder / "samples.geojson").read_text())["features"]) == given.rows.num_rows
        assert len(geopandas.read_parquet(folder / "samples.parquet")) == given.rows.num_rows
        assert not (folder / "tiles").exists()


def test_samples_without_a_place_cannot_be_put_on_a_map(tmp_path: Path) -> None:
    rows = pa.table({"sample_id": ["a"], "metadata": ['{"k": 1}']})
    with pytest.raises(InvalidInput, match="sample a says nothing of its place on the ground"):
        write_geojson(Released("r1", "T", "CC0", rows, {}), tmp_path)
