"""A release of tiles on a map: their footprints as GeoJSON or GeoParquet, beside the tiles as GeoTIFF files.

Sources: RFC 7946 (GeoJSON), GeoParquet 1.1.0.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import InvalidInput
from data_engine.release_formats.released import Released

_TILES = "tiles"
#: What a map shows of a tile, of its metadata.
_SHOWN = ("scene", "acquired_at", "crs", "bounds", "bands", "dtype", "nodata_share")
_BOX = ("xmin", "ymin", "xmax", "ymax")


def write_geojson(released: Released, folder: Path) -> None:
    """Write `samples.geojson`, a feature per sample, and `tiles/<id>.tif`.

    Raises: InvalidInput for a sample whose tile the release does not hold.
    """
    features = [
        json.dumps({"type": "Feature", "id": row["sample_id"], "geometry": _geometry(row), "properties": properties})
        for row, properties in _features(released, folder)
    ]
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
    (folder / "samples.geojson").write_text(text, "utf-8", newline="\n")


def write_geoparquet(released: Released, folder: Path) -> None:
    """Write `samples.parquet` with the footprints as WKB and their boxes, and `tiles/<id>.tif`.

    Raises: InvalidInput for a sample whose tile the release does not hold.
    """
    import shapely

    shapes, rows = [], []
    for row, properties in _features(released, folder):
        said = _geometry(row)
        shapes.append(None if said is None else shapely.from_geojson(json.dumps(said)))
        rows.append({"sample_id": row["sample_id"], **properties})
    boxes = [None if shape is None else dict(zip(_BOX, shape.bounds, strict=True)) for shape in shapes]
    table = pa.Table.from_pylist(rows) if rows else pa.table({"sample_id": pa.array([], pa.string())})
    table = table.append_column("bbox", pa.array(boxes, pa.struct([(name, pa.float64()) for name in _BOX])))
    table = table.append_column("geometry", pa.array([_wkb(shape) for shape in shapes], pa.binary()))
    known = [shape for shape in shapes if shape is not None]
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(_geo(known))}), folder / "samples.parquet")


def _wkb(shape: Any) -> bytes | None:
    import shapely

    return None if shape is None else bytes(shapely.to_wkb(shape))


def _geo(shapes: list[Any]) -> dict[str, Any]:
    """What GeoParquet says of its geometries; longitude and latitude are what it takes where no system is named."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in shapes}),
        "orientation": "counterclockwise",
        "covering": {"bbox": {name: ["bbox", name] for name in _BOX}},
    }
    if shapes:
        boxes = [shape.bounds for shape in shapes]
        sides = list(zip(*boxes, strict=True))
        column["bbox"] = [min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])]
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _features(released: Released, folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every row with its metadata read, and what a map says of it; its tile is written meanwhile."""
    for row in released.rows.to_pylist():
        metadata = _metadata(row)
        said = {name: value for name, value in row.items() if name not in ("sample_id", "text", "metadata")}
        file = _write_tile(released, row["sample_id"], folder)
        properties = {**said, **{name: metadata.get(name) for name in _SHOWN}, "file": file}
        yield {**row, "metadata": metadata}, {name: _plain(value) for name, value in properties.items()}


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a row. Raises: InvalidInput where they are of no tile."""
    metadata = row.get("metadata")
    read = json.loads(metadata) if isinstance(metadata, str) else metadata
    if not isinstance(read, dict) or "footprint" not in read:
        raise InvalidInput(
            f"sample {row['sample_id']} says nothing of its place on the ground; only tiles of scenes (modality "
            "raster) can be put on a map"
        )
    return read


def _write_tile(released: Released, sample_id: str, folder: Path) -> str | None:
    """The name of the file of a tile, which is written; None where the release holds no tiles."""
    if not released.images:
        return None
    tile = released.image_of(sample_id)
    (folder / _TILES).mkdir(exist_ok=True)
    name = f"{_TILES}/{sample_id}.tif"
    shutil.copyfile(tile, folder / name)
    return name


def _geometry(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The footprint; in two parts where it crosses the 180th meridian, and None where it is not known."""
    corners = row["metadata"]["footprint"]
    if corners is None:
        return None
    ring = [*corners, corners[0]]
    if max(longitude for longitude, _ in ring) <= 180:
        return {"type": "Polygon", "coordinates": [ring]}
    import shapely

    whole = shapely.Polygon(ring)
    west = shapely.intersection(whole, shapely.box(-180, -90, 180, 90))
    east = shapely.transform(shapely.intersection(whole, shapely.box(180, -90, 540, 90)), lambda xy: xy - [360, 0])
    parts = [shapely.orient_polygons(part) for part in (west, east)]
    return {"type": "MultiPolygon", "coordinates": [_ring_of(part) for part in parts]}


def _ring_of(polygon: Any) -> list[list[list[float]]]:
    return [[[round(x, 7), round(y, 7)] for x, y in polygon.exterior.coords]]


def _plain(value: Any) -> Any:
    """The value as JSON takes it."""
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value
