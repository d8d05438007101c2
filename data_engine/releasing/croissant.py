"""Croissant metadata of a release: what its files and columns are, in the form that catalogues of data sets read.

Format: MLCommons Croissant 1.0. For people there is the data card, in `data_card.py`.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data_engine.corpus.questions import OF_A_QUESTION
from data_engine.schemas import RELEASE

FILE_NAME = "croissant.json"

#: By ending; the columns are said of the first of these that a release has.
_ENCODINGS = {"parquet": "application/x-parquet", "csv": "text/csv", "jsonl": "application/jsonlines"}
_ROWS = "A row for each sample of the release."
_GUESSED = (
    "The file says no types: libraries that guess them, mlcroissant among them, make the number 7 of a text 007; "
    "where that matters, read it as text, or take a release with a Parquet file."
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant_text(manifest: Mapping[str, Any], rows: pa.Schema, files: Mapping[str, Mapping[str, Any]]) -> str:
    """The metadata as JSON-LD.

    Args:
        manifest: release_id, corpus, created_at and the configuration, whose block `release` has title, description
            and licence; what it lacks is left out.
        rows: The columns of the data files.
        files: sha256 and n_bytes of every file of the release, by name; data files by their endings.
    """
    said = (manifest.get("configuration") or {}).get("release") or {}
    release_id = str(manifest.get("release_id", "unnamed"))
    title = str(said.get("title") or manifest.get("corpus") or release_id)
    data = [name for name in (f"data.{ending}" for ending in _ENCODINGS) if name in files]
    found: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title,
        "description": str(said.get("description") or title),
        "license": str(said.get("licence") or "unknown"),
        "version": "1.0.0",
        "identifier": release_id,
        "url": f"urn:data-engine:release:{release_id}",
        "citeAs": str(said.get("attribution") or f"{title}, release {release_id}"),
        **({"datePublished": str(manifest["created_at"])} if manifest.get("created_at") else {}),
        "distribution": [_file(name, files[name]) for name in data],
        "recordSet": [_records(data[0], rows)] if data else [],
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _file(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{said['n_bytes']} B",
        "encodingFormat": _ENCODINGS[name.rpartition(".")[2]],
        "sha256": said["sha256"],
    }


def _records(file: str, rows: pa.Schema) -> dict[str, Any]:
    # In JSON lines it is an object with other keys in every row, for which Croissant has no type.
    without = ("metadata",) if file.endswith(".jsonl") else ()
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": _ROWS if file.endswith(".parquet") else f"{_ROWS} {_GUESSED}",
        "key": {"@id": "samples/sample_id"},
        "field": [_field(file, field) for field in rows if field.name not in without],
    }


def _field(file: str, field: pa.Field) -> dict[str, Any]:
    # Of several questions each has columns of its own, which mean what those of one do.
    known = next((name for name in OF_A_QUESTION if field.name.endswith(f"_{name}")), field.name)
    meaning = RELEASE.field(known).metadata if known in RELEASE.names else None
    return {
        "@type": "cr:Field",
        "@id": f"samples/{field.name}",
        "name": field.name,
        "description": (meaning or {}).get(b"description", field.name.encode()).decode(),
        "dataType": _data_type(field.type),
        "source": {"fileObject": {"@id": file}, "extract": {"column": field.name}},
    }


def _data_type(found: pa.DataType) -> str:
    if pa.types.is_boolean(found):
        return "sc:Boolean"
    if pa.types.is_integer(found):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(found) else "sc:Text"
