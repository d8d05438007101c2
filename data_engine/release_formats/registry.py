"""Release formats by name: `FORMATS` and `FOLDER_FORMATS` are the only lists of them.

A format of `FORMATS` is one file of rows, which every release can be written in; one of `FOLDER_FORMATS` is a folder
for one library, images included, which is made of a release when it is asked for. Each is written by a module beside
this one, imported when it is used; the folder of a release as a whole is in `data_engine.releasing.writer`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.release_formats.released import Released


@dataclass(frozen=True)
class Format:
    """A format in which the rows of a release are written, as one file."""

    meaning: str
    """What the file is, as the corpus' schema says it."""
    file_name: str
    """Name of the file in the release's folder."""
    write: "Callable[[pa.Table, Path], None]"
    """(rows in `schemas.RELEASE`, path) writes the file; identical rows give identical bytes. Raises: InvalidInput for
    a value that the format cannot hold, naming the sample."""
    load: str
    """Python lines, run in the release's folder, that give `samples`, a pandas table with a row per sample."""
    load_dataset: str
    """Arguments of `datasets.load_dataset` that give the same."""
    read: "Callable[[Path, Callable[[str], pa.DataType]], pa.Table] | None" = None
    """(path, type of a column by its name) gives the rows again; None: of a release that is written in this format
    alone no folder of another format can be made."""


@dataclass(frozen=True)
class FolderFormat:
    """A format in which a whole release is written for one library, as a folder."""

    meaning: str
    """What the folder is, as the command line says it."""
    write: "Callable[[Released, Path], None]"
    """(release, empty folder) fills the folder; the same release gives the same bytes. Raises: InvalidInput for what
    the format cannot hold, naming the sample."""
    load: str
    """Python lines, run in that folder, that read it with the library that it is for."""
    needs_labels: bool = False
    """Whether each sample needs a class."""
    write_objects: "Callable[[Released, Path], None] | None" = None
    """The same for a release whose images have objects in the place of a class; None where it has no room for them."""
    load_objects: str = ""
    """Python lines, run in that folder, that read it then."""
    needs_objects: bool = False
    """Whether it is for objects alone."""


def _write_parquet(rows: "pa.Table", path: Path) -> None:
    from data_engine.release_formats import parquet

    parquet.write(rows, path)


def _read_parquet(path: Path, type_of: "Callable[[str], pa.DataType]") -> "pa.Table":
    from data_engine.release_formats import parquet

    return parquet.read(path, type_of)


def _write_jsonl(rows: "pa.Table", path: Path) -> None:
    from data_engine.release_formats import jsonl

    jsonl.write(rows, path)


def _read_jsonl(path: Path, type_of: "Callable[[str], pa.DataType]") -> "pa.Table":
    from data_engine.release_formats import jsonl

    return jsonl.read(path, type_of)


def _write_csv(rows: "pa.Table", path: Path) -> None:
    from data_engine.release_formats import csv_text

    csv_text.write(rows, path)


def _read_csv(path: Path, type_of: "Callable[[str], pa.DataType]") -> "pa.Table":
    from data_engine.release_formats import csv_text

    return csv_text.read(path, type_of)


#: Every format of a file, by its name in the corpus' description. To add one: a module with its `write`, and an entry
#: here; the tests of this module then cover it.
FORMATS: dict[str, Format] = {
    "parquet": Format(
        "a Parquet file with the exact types",
        "data.parquet",
        _write_parquet,
        load='import pandas as pd\n\nsamples = pd.read_parquet("data.parquet")',
        load_dataset='"parquet", data_files="data.parquet", split="train"',
        read=_read_parquet,
    ),
    "jsonl": Format(
        "a line of JSON for each sample, with its metadata as an object",
        "data.jsonl",
        _write_jsonl,
        load='import pandas as pd\n\nsamples = pd.read_json("data.jsonl", lines=True, dtype=False)',
        load_dataset='"json", data_files="data.jsonl", split="train"',
        read=_read_jsonl,
    ),
    "csv": Format(
        "a CSV file with a header, texts in quotes",
        "data.csv",
        _write_csv,
        load="""from pyarrow import csv, string

columns = csv.open_csv("data.csv", parse_options=csv.ParseOptions(newlines_in_values=True)).schema.names
numbers = ("posterior", "quality", "leaf", "top_cluster", "in_subset")
samples = csv.read_csv(
    "data.csv",
    parse_options=csv.ParseOptions(newlines_in_values=True),
    convert_options=csv.ConvertOptions(
        column_types={name: string() for name in columns if not name.endswith(numbers)},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    ),
).to_pandas()""",
        load_dataset='"csv", data_files="data.csv", split="train", keep_default_na=False, na_values=[""]',
        read=_read_csv,
    ),
}


def _write_hugging_face(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import hugging_face

    hugging_face.write(released, folder)


def _write_webdataset(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import webdataset_shards

    webdataset_shards.write(released, folder)


def _write_image_folder(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import image_folders

    image_folders.write_image_folder(released, folder)


def _write_yolo(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import image_folders

    image_folders.write_yolo(released, folder)


def _write_coco(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import coco

    coco.write(released, folder)


def _write_coco_objects(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import object_folders

    object_folders.write_coco(released, folder)


def _write_yolo_objects(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import object_folders

    object_folders.write_yolo(released, folder)


def _write_masks(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import object_folders

    object_folders.write_masks(released, folder)


def _write_geojson(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import footprints

    footprints.write_geojson(released, folder)


def _write_geoparquet(released: "Released", folder: Path) -> None:
    from data_engine.release_formats import footprints

    footprints.write_geoparquet(released, folder)


#: Every format of a folder, by its name on the command line. To add one: a module that writes it, and an entry here.
FOLDER_FORMATS: dict[str, FolderFormat] = {
    "hf": FolderFormat(
        "a folder for datasets.load_dataset, with splits, classes, images and sounds",
        _write_hugging_face,
        load="from pathlib import Path\n\nfrom datasets import load_dataset\n\nsamples = load_dataset(str(Path.cwd()))",
    ),
    "webdataset": FolderFormat(
        "TAR shards for webdataset",
        _write_webdataset,
        load="from glob import glob\n\nimport webdataset\n\n"
        'samples = webdataset.WebDataset(sorted(glob("train-*.tar")), shardshuffle=False).decode()',
    ),
    "imagefolder": FolderFormat(
        "images in a folder per class, for torchvision.datasets.ImageFolder and load_dataset",
        _write_image_folder,
        load='from datasets import load_dataset\n\nsamples = load_dataset("imagefolder", data_dir=".")',
        needs_labels=True,
    ),
    "audiofolder": FolderFormat(
        "sounds in a folder per class, as load_dataset reads them where torchcodec is installed",
        _write_image_folder,
        load="from pathlib import Path\n\n"
        "samples = {path: path.parent.name for path in sorted(Path('train').rglob('*.*'))}",
        needs_labels=True,
    ),
    "coco": FolderFormat(
        "images with annotations for pycocotools: polygons and run lengths of objects, or boxes that the source has",
        _write_coco,
        load='from pycocotools.coco import COCO\n\nsamples = COCO("annotations/instances_train.json")',
        needs_labels=True,
        write_objects=_write_coco_objects,
        load_objects='from pycocotools.coco import COCO\n\nsamples = COCO("annotations/instances_train.json")',
    ),
    "yolo": FolderFormat(
        "images and data.yaml as YOLO learns: outlines of objects, or a folder per class",
        _write_yolo,
        load='from datasets import load_dataset\n\nsamples = load_dataset("imagefolder", data_dir=".")',
        needs_labels=True,
        write_objects=_write_yolo_objects,
        load_objects="from pathlib import Path\n\nsamples = sorted(Path('labels/train').glob('*.txt'))",
    ),
    "masks": FolderFormat(
        "images with a PNG of the number of the class, and one of that of the object, of each pixel",
        _write_masks,
        load="from pathlib import Path\n\nsamples = sorted(Path('train/classes').glob('*.png'))",
        write_objects=_write_masks,
        load_objects="from pathlib import Path\n\nsamples = sorted(Path('train/classes').glob('*.png'))",
        needs_objects=True,
    ),
    "geojson": FolderFormat(
        "tiles of scenes as GeoTIFF files, and samples.geojson with their footprints",
        _write_geojson,
        load='import geopandas\n\nsamples = geopandas.read_file("samples.geojson")',
    ),
    "geoparquet": FolderFormat(
        "tiles of scenes as GeoTIFF files, and samples.parquet (GeoParquet 1.1) with their footprints",
        _write_geoparquet,
        load='import geopandas\n\nsamples = geopandas.read_parquet("samples.parquet")',
    ),
}
