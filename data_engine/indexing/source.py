"""Source and batches: the block of a corpus' YAML that says where its raw samples are.

The other blocks are in `data_engine.corpus`; this one lies lower, because reading a source takes it whole.
"""

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from data_engine.errors import InvalidInput, SourceError, SourceMissing
from data_engine.errors.secret_texts import harmless, keep_options_secret, keep_url_secret, without_secrets
from data_engine.indexing.listing.globs import glob_pattern
from data_engine.indexing.opening.patience import Patience
from data_engine.indexing.registry import KINDS
from data_engine.rasters.settings import Raster
from data_engine.settings import OneOf, Settings

if TYPE_CHECKING:
    from upath import UPath


class Source(Settings):
    """Where the raw samples are."""

    kind: Annotated[str, OneOf("How its files are read.", lambda: {name: kind.meaning for name, kind in KINDS.items()})]
    path: str
    """Folder or file, or the URL of one on any file system that fsspec knows (`s3://bucket/folder`, `https://...`).
    `~` and `$VARIABLES` are expanded; relative paths start at the project's folder, or at the package's folder when
    `package` is given. Files packed by gzip, bzip2, xz or zstd are unpacked while they are read."""
    storage_options: dict[str, Any] = Field(default_factory=dict)
    """What the file system of a URL needs, as fsspec names it (`anon`, `endpoint_url`, `key`); `$VARIABLES` in values
    are expanded, so that no secret has to stand in the file."""
    timeout_s: float = Field(default=120.0, gt=0)
    """Seconds that a server may take for one answer, all attempts together; then its file counts as not read, and its
    batch is read again by the next run."""
    retries: int = Field(default=3, ge=0, le=20)
    """How often something that failed on the way to a server is tried again, after pauses that double."""
    package: str | None = None
    """Installed Python package that carries the data."""
    pattern: str = "**/*"
    """Which files below the folder, as a glob. Hidden files and `.tmp`, `.part`, `.crdownload` and `~` are ignored."""
    follow_links: bool | tuple[str, ...] = False
    """Symbolic links that lead out of the source: false makes each of them an unreadable sample, a list names the
    folders and files that they may lead to, true follows all. Links within the source are always followed."""
    text_column: str = "text"
    """Column of a row that holds the text, or the ending of the member that does (webdataset)."""
    path_column: str | None = None
    """Column of a row that holds an image (modality image): its path relative to the file, or its bytes."""
    id_column: str | None = None
    """Column that holds the source's own id; must be unique."""
    keep_where_any: tuple[str, ...] = ()
    """Read only samples in whose metadata at least one of these columns is true."""
    pixel_shape: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    """Height and width of the images of kind pixel_rows, in pixels."""
    tile_px: Annotated[int, Field(ge=16)] | None = None
    """Side of the tiles of kinds image_tiles and raster_tiles, in pixels. What is left of an image at the right and at
    the bottom is not read; in a scene the last tile of a row or column is moved back to its edge."""
    tile_step_px: Annotated[int, Field(ge=1)] | None = None
    """From the beginning of one tile to that of the next, in pixels; by default `tile_px`, so that none overlap."""
    tile_class: str | None = None
    """Of kind image_tiles: class of the objects in column `objects_by_threshold`, which are what is brighter than its
    surroundings by a classical recipe (Otsu's threshold); nobody has looked at them. What a tile shows less than half
    of is left out."""
    raster: Raster | None = None
    """Of kind raster_tiles: what the values of scenes mean, and how their tiles are shown."""
    text_per: Literal["document", "page"] | None = None
    """Of kind documents: whether a whole document is a text, as it is by default, or each page of a PDF file."""
    max_document_bytes: Annotated[int, Field(ge=1)] | None = None
    """Of kind documents: a document larger than this many bytes is unreadable; 100,000,000 by default."""
    clip_s: Annotated[float, Field(ge=0.1, le=600)] | None = None
    """Of kind audio: seconds of the clips that sounds are cut into, 10 by default; where silence cuts, of the longest.
    The last clip of a file is as long as what is left, or up to a twentieth longer."""
    clip_step_s: Annotated[float, Field(ge=0.05)] | None = None
    """Of kind audio: seconds from the beginning of one clip to that of the next; by default `clip_s`, so that none
    overlap. Clips that share half of their sound are near-duplicates unless near_duplicate_similarity is above 0.6."""
    clip_silence_db: Annotated[float, Field(ge=-100, lt=0)] | None = None
    """Of kind audio: cut where the level of 20 ms lies below so many dB of full scale, such as -45; what is silent is
    in no clip. By default files are cut by length."""
    clip_pause_s: Annotated[float, Field(ge=0.02, le=60)] | None = None
    """Of kind audio, with `clip_silence_db`: seconds of silence that end a clip; 0.3 by default."""
    clip_min_s: Annotated[float, Field(ge=0.02, le=60)] | None = None
    """Of kind audio, with `clip_silence_db`: a clip that is shorter goes on over a pause; 1 second by default."""
    frames_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Of kind video: so many frames of each second are samples."""
    every_seconds: Annotated[float, Field(gt=0)] | None = None
    """Of kind video: the first frame of every so many seconds is a sample; 1 where nothing else is asked for."""
    scene_change: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of kind video: the first frame is a sample, and each that differs from the one before by this much on average
    (0 to 1, of small frames); a cut is mostly above 0.1, a camera that moves below."""
    scene_gap_s: Annotated[float, Field(ge=0)] | None = None
    """Of kind video with `scene_change`: seconds between two samples at least; 1 by default."""
    max_frames: Annotated[int, Field(ge=1)] | None = None
    """Of kind video: samples of one file at most; 10,000 by default. What comes later is an unreadable row."""
    max_video_s: Annotated[float, Field(gt=0)] | None = None
    """Of kind video: a longer file (in seconds) is unreadable; 21,600 by default."""
    uri_pattern: str | None = None
    """Regular expression that is searched in the uri of every sample; its named groups become metadata columns, so
    that the name of a folder can be a label: `(?P<topic>[^/]+)/[^/]+$`."""
    max_sample_bytes: int = Field(default=2_000_000, ge=1)
    """A sample larger than this many bytes is unreadable; it is never loaded whole. 20,000,000 for images."""
    max_pixels: int = Field(default=50_000_000, ge=1, le=178_000_000)
    """An image with more pixels (width x height) is unreadable; it is refused before it is decoded."""

    max_sample_s: float = Field(default=60.0, gt=0)
    """Seconds that decoding one sample (an image, rows of Parquet) may take; then it is stopped, and unreadable."""
    max_reader_bytes: int = Field(default=4 << 30, ge=1 << 29)
    """Bytes of memory that the process which decodes images and Parquet may take; a sample that needs more is
    unreadable."""

    @property
    def patience(self) -> Patience:
        """How long its server is waited for."""
        return Patience(self.timeout_s, self.retries)

    @field_validator("follow_links")
    @classmethod
    def _are_places(cls, value: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
        for place in () if isinstance(value, bool) else value:
            if not Path(os.path.expandvars(place)).expanduser().is_absolute():
                raise ValueError(f"follow_links names {place!r}; write the whole path, from / or ~ or a $VARIABLE")
        return value

    @field_validator("pattern")
    @classmethod
    def _is_a_glob(cls, value: str) -> str:
        try:
            glob_pattern(value)
        except re.error as error:
            raise ValueError(f"pattern {value!r} is no glob ({error}); mend what stands in square brackets") from error
        if not value:
            raise ValueError("pattern is empty, so that no file matches; write '**/*' for every file")
        return value

    @field_validator("uri_pattern")
    @classmethod
    def _has_named_groups(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                names = re.compile(value).groupindex
            except re.error as error:
                raise ValueError(f"uri_pattern {value!r} is no regular expression ({error}); mend it") from error
            if not names:
                raise ValueError(f"uri_pattern {value!r} names no group; write (?P<column>...) around a part")
        return value

    @model_validator(mode="after")
    def _options_fit_the_kind(self) -> "Source":
        for option in sorted({option for kind in KINDS.values() for option in kind.needs}):
            value = getattr(self, option)
            if (option in KINDS[self.kind].needs) != (value is not None):
                needing = " and ".join(name for name, kind in KINDS.items() if option in kind.needs)
                raise ValueError(
                    f"kind is {self.kind} and {option} is {value}; kind {needing}, and no other, needs {option}: give "
                    "it there, remove it elsewhere"
                )
        return self

    @model_validator(mode="after")
    def _other_options_fit_the_kind(self) -> "Source":
        for option in sorted({option for kind in KINDS.values() for option in kind.takes}):
            if getattr(self, option) is not None and option not in KINDS[self.kind].takes:
                taking = " and ".join(name for name, kind in KINDS.items() if option in kind.takes)
                raise ValueError(f"kind is {self.kind}, and {option} is for kind {taking} only; remove {option}")
        return self

    @model_validator(mode="after")
    def _clips_cover_the_sound(self) -> "Source":
        longest_s = self.clip_s or 10.0
        if self.clip_step_s is not None and self.clip_step_s > longest_s:
            raise ValueError(
                f"clip_step_s is {self.clip_step_s:g} and clip_s {longest_s:g}, so that sound between two clips is in "
                f"none; lower clip_step_s to at most {longest_s:g}"
            )
        if self.clip_silence_db is None and (self.clip_pause_s is not None or self.clip_min_s is not None):
            raise ValueError(
                "clip_pause_s and clip_min_s say how silence cuts; give clip_silence_db too, or remove them"
            )
        if self.clip_silence_db is not None and self.clip_step_s is not None:
            raise ValueError("clip_step_s is for clips cut by length; remove it or clip_silence_db")
        return self

    @model_validator(mode="after")
    def _frames_are_chosen_one_way(self) -> "Source":
        given = [name for name in ("frames_per_second", "every_seconds", "scene_change") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} are given, and each says which frames are samples; give one of them"
            )
        return self

    @model_validator(mode="after")
    def _packages_are_installed(self) -> "Source":
        missing = [name for name in KINDS[self.kind].packages if importlib.util.find_spec(name) is None]
        if missing:
            raise ValueError(
                f"kind {self.kind} needs {' and '.join(missing)}, which is not installed; install the extra "
                f"with pip install 'data-engine[{KINDS[self.kind].extra or self.kind}]'"
            )
        return self

    def shown(self) -> dict[str, Any]:
        """The settings for people: storage options by their names only, no URL with user info or query."""
        values = self.model_dump(mode="json")
        return {**values, "path": without_secrets(self.path), "storage_options": sorted(self.storage_options)}

    def resolve(self, project_folder: Path) -> "Path | UPath":
        """The absolute path of the source, or its URL.

        Raises:
            SourceMissing: the package is not installed. The path itself need not exist yet.
            SourceError: the URL's file system is unknown, or its driver is not installed.
        """
        expanded = os.path.expandvars(self.path).removeprefix("file://")
        if "://" in expanded:
            keep_url_secret(expanded)
            keep_options_secret(_expanded(self.storage_options))
            return _remote(expanded, self.storage_options)
        path = Path(expanded).expanduser()
        if self.package is None:
            return path if path.is_absolute() else project_folder / path
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise SourceMissing(f"the source is package {self.package!r}, which is not installed; install it with pip")
        return Path(next(iter(spec.submodule_search_locations))) / path


def refuse_own_place(source: Source) -> None:
    """Refuse a path that means another folder for another user or project, where several hosts read the source.

    Raises: InvalidInput for a relative path, or one with `~`, that is in no installed package.
    """
    path = os.path.expandvars(source.path)
    if source.package is None and "://" not in path and not Path(path).is_absolute():
        raise InvalidInput(
            f"source.path is {source.path!r}, which each host takes for a folder of its own, but the data folder is a "
            f"URL, which several hosts may use; write the whole path of a folder that all of them have, or a URL"
        )


def _remote(url: str, options: Mapping[str, Any]) -> "UPath":
    from upath import UPath

    try:
        path: UPath = UPath(url, **_expanded(options))
        path.fs  # noqa: B018 - the driver is loaded here
    except (ImportError, ValueError, TypeError) as error:
        raise SourceError(
            f"the source {url} cannot be opened: {error}; check source.path and source.storage_options, and install "
            "the driver (data-engine[remote] for s3:// and https://)"
        ) from harmless(error)
    return path


def _expanded(value: Any) -> Any:
    """The value with `$VARIABLES` expanded in every text."""
    if isinstance(value, str):
        return os.path.expandvars(value)
    if isinstance(value, Mapping):
        return {name: _expanded(entry) for name, entry in value.items()}
    return [_expanded(entry) for entry in value] if isinstance(value, list | tuple) else value


class Batches(Settings):
    """The grouping of files into ingestion batches, the partitions of the graph."""

    by: Literal["folder", "file", "day", "hash"] = "folder"
    """folder: the first folder below the source (files beside folders form batch `top`). file: each file.
    day: the day (UTC) the file was last changed. hash: `count` batches of about equal size by a hash of the path."""
    count: int = Field(default=8, ge=1, le=500)
    """Number of batches, for `hash`."""
