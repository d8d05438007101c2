"""The kinds of source: `KINDS` is the only list of their names, with what each is and who reads it.

The readers are in the modules beside this one, imported when one of them is first needed; what a user has to know of
each kind is in docs/sources.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.indexing.source_files import Find, ReadOptions, SourceFile

if TYPE_CHECKING:
    from upath import UPath

    from data_engine.indexing.samples import RawSample


@dataclass(frozen=True)
class SourceKind:
    """One kind of source."""

    meaning: str
    """What its samples are, as the corpus' schema says it."""
    read: "Callable[[SourceFile, ReadOptions, str], Iterator[RawSample]]"
    """(file, options, modality) to the samples of the file. An OSError makes the file one unreadable sample; a
    SourceError says that the file as a whole is not what the source claims."""
    find: "Callable[[Path | UPath, ReadOptions, str], Find]"
    """(folder of the source, options, modality) to what reads the bytes of its samples again."""
    other_modality: str = ""
    """What to do where the corpus' modality is one that does not name this kind."""
    has_columns: bool = True
    """Whether its samples have columns that `keep_where_any` can ask for."""
    cuts_files: bool = False
    """Whether its samples are parts of one thing, which stay in one split of a release."""
    takes: tuple[str, ...] = ()
    """Options with None as their default that it can do without, and that no kind takes which does not name them."""
    packages: tuple[str, ...] = ()
    """What has to be importable to read it, all of them in one extra."""
    extra: str = ""
    """The extra that brings them; by default it is named like the kind."""
    needs: tuple[str, ...] = ()
    """Options that it cannot do without, and that no kind takes which does not name them."""
    holds_samples: Callable[[str], bool] = lambda _uri: True
    """Whether a file that matches the source's pattern holds samples, by its uri."""


def _read_files(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.samples import form_of

    return form_of(modality).of_file(file, options)


def _read_front_matter(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.files import read_front_matter

    return read_front_matter(file, options)


def _read_jsonl(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.row_files import read_jsonl

    return read_jsonl(file, options, modality)


def _read_csv(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.row_files import read_csv

    return read_csv(file, options, modality)


def _read_parquet(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.row_files import read_parquet

    return read_parquet(file, options, modality)


def _read_saved_dataset(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.row_files import read_saved_dataset

    return read_saved_dataset(file, options, modality)


def _read_archive(file: SourceFile, options: ReadOptions, modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.archives import read_archive

    return read_archive(file, options, modality=modality)


def _read_pixel_rows(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.pixels.pixel_rows import read_pixel_rows

    return read_pixel_rows(file, options)


def _read_image_tiles(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.pixels.image_tiles import read_image_tiles

    return read_image_tiles(file, options)


def _read_raster_tiles(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.pixels.raster_tiles import read_raster_tiles

    return read_raster_tiles(file, options)


def _read_documents(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.documents.reading import read_documents

    return read_documents(file, options)


def _read_sound_clips(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.sounds.clips import read_sound_clips

    return read_sound_clips(file, options)


def _find_sound_clips(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.sounds.clips import find_sound_clips

    return find_sound_clips(folder, options)


def _read_video(file: SourceFile, options: ReadOptions, _modality: str) -> "Iterator[RawSample]":
    from data_engine.indexing.video.reading import read_video

    return read_video(file, options)


def _find_video(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.video.reading import find_video

    return find_video(folder, options)


def _find_image_tiles(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.pixels.image_tiles import find_image_tiles

    return find_image_tiles(folder, options)


def _find_raster_tiles(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.pixels.raster_tiles import find_raster_tiles

    return find_raster_tiles(folder, options)


def _find_files(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.files import find_in_folder

    return find_in_folder(folder, options)


def _find_named_by_rows(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.inline_media import find_named_by_rows

    return find_named_by_rows(folder, options)


def _find_in_parquet(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.inline_media import find_in_parquet

    return find_in_parquet(folder, options)


def _find_in_saved_dataset(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.inline_media import find_in_saved_dataset

    return find_in_saved_dataset(folder, options)


def _find_in_archives(folder: "Path | UPath", options: ReadOptions, modality: str) -> Find:
    from data_engine.indexing.archives import find_in_archives

    return find_in_archives(folder, options, modality)


def _find_pixel_rows(folder: "Path | UPath", options: ReadOptions, _modality: str) -> Find:
    from data_engine.indexing.pixels.pixel_rows import find_pixel_rows

    return find_pixel_rows(folder, options)


def _is_saved_rows(uri: str) -> bool:
    """Whether a file of a saved Hugging Face dataset holds its rows, rather than a description or a cached result."""
    return uri.endswith(".arrow") and not uri.rpartition("/")[2].startswith("cache-")


#: Every kind of source, by its name in the corpus' description. To add one: its reader, an entry here, and what a user
#: has to know of it in docs/sources.md; the tests of this module then cover it.
KINDS: dict[str, SourceKind] = {
    "folder": SourceKind("one sample per file", _read_files, _find_files, has_columns=False),
    "front_matter": SourceKind(
        "one text per file after a YAML header between `---` lines",
        _read_front_matter,
        _find_files,
        other_modality="use kind folder for images",
    ),
    "jsonl": SourceKind("one sample per line of each file, a JSON object", _read_jsonl, _find_named_by_rows),
    "csv": SourceKind("one sample per row of each file, which has a header", _read_csv, _find_named_by_rows),
    "parquet": SourceKind("one sample per row of each file", _read_parquet, _find_in_parquet),
    "webdataset": SourceKind("tar archives in which files of one name make a sample", _read_archive, _find_in_archives),
    "huggingface": SourceKind(
        "one sample per row of a folder that `save_to_disk` of the package datasets wrote",
        _read_saved_dataset,
        _find_in_saved_dataset,
        holds_samples=_is_saved_rows,
    ),
    "pixel_rows": SourceKind(
        "one grey image per line of a CSV file without a header (gzip or plain): its pixels from 0 to 255, row by row, "
        "then its label, which becomes column `label`",
        _read_pixel_rows,
        _find_pixel_rows,
        other_modality="set modality: image",
        needs=("pixel_shape",),
    ),
    "image_tiles": SourceKind(
        "square tiles that image files are cut into",
        _read_image_tiles,
        _find_image_tiles,
        other_modality="set modality: image",
        needs=("tile_px",),
        takes=("tile_step_px", "tile_class"),
    ),
    "raster_tiles": SourceKind(
        "square tiles that satellite scenes (GeoTIFF) are cut into",
        _read_raster_tiles,
        _find_raster_tiles,
        other_modality="set modality: raster",
        has_columns=False,
        needs=("tile_px",),
        takes=("tile_step_px", "raster"),
        packages=("rasterio",),
        extra="raster",
    ),
    "video": SourceKind(
        "frames of video files, at a rate or where the scene changes",
        _read_video,
        _find_video,
        other_modality="set modality: image",
        has_columns=False,
        takes=("frames_per_second", "every_seconds", "scene_change", "scene_gap_s", "max_frames", "max_video_s"),
        packages=("av",),
        cuts_files=True,
    ),
    "documents": SourceKind(
        "one text per PDF, Word (.docx), HTML or text file and per document of a WARC file, or per page of them",
        _read_documents,
        _find_files,
        other_modality="set modality: text",
        has_columns=False,
        takes=("text_per", "max_document_bytes"),
        packages=("pypdfium2", "docx", "trafilatura", "warcio"),
    ),
    "audio": SourceKind(
        "clips that sound files (WAV, FLAC, OGG, MP3, AIFF) are cut into, by length or by silence",
        _read_sound_clips,
        _find_sound_clips,
        other_modality="set modality: audio",
        has_columns=False,
        cuts_files=True,
        takes=("clip_s", "clip_step_s", "clip_silence_db", "clip_pause_s", "clip_min_s"),
        packages=("soundfile", "soxr"),
    ),
}
