"""Modality: everything that the engine has to know of one kind of sample, as names of parts that lie elsewhere.

Which modalities there are is found by `registry.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

PartName = str
"""`package.module:name`, imported when it is first asked for. Importing a declaration imports none of its parts, so
that each floor of the engine can read declarations and load the parts that lie on its own floor or below."""


@cache
def load(part: PartName) -> Any:
    """What a part names.

    Raises: ImportError or AttributeError where the declaration names what does not exist; its tests load all parts.
    """
    module, _, name = part.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Modality:
    """One kind of sample.

    Two flags say what a sample is made of: `holds_text` (a text that the raw index holds), `is_read_again` (bytes that
    stay where they are and are read again by each step that needs them). A sample can have both.
    """

    name: str
    """As `modality:` in the corpus' description; the name of the file of the declaration."""
    sample: str
    """What a sample is, as one sentence for the schema and the documents."""
    one: str
    """What one is called in messages: `an image`."""
    plural: str
    """What many of them are called in messages and on pages: `images`."""

    # Reading
    kinds: tuple[str, ...]
    """The kinds of source (keys of `indexing.registry.KINDS`) that give such samples."""
    form: PartName
    """A `SampleForm`: how files, rows and members of archives become samples; floor 2."""
    look: PartName | None = None
    """(samples, options of the source) to the samples after their bytes were decoded once: their type, size, thumbnail
    and metadata, or why they cannot be read. None where nothing is decoded; floor 2."""
    endings: tuple[str, ...] = ()
    """Endings of the files that hold the bytes, in lower case without a dot: members of archives, files of a folder."""
    holds_text: bool = False
    is_read_again: bool = False
    extra: str = ""
    """The extra of the package data-engine that brings what it needs."""
    packages: tuple[str, ...] = ()
    """What has to be importable, all of them in the extra."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What stands in the corpus' description where it says nothing: `encoder`, and values of blocks, such as
    `source: {max_sample_bytes: ...}` or `first_pass: {near_duplicate_similarity: ...}`."""
    hint: str = ""
    """A setting of `first_pass` as a new description shows it in a comment: `min_chars: 20`."""

    # First pass
    rules: PartName = ""
    """A tuple of `Rule`, in the order in which they are tried; floor 4."""
    looks: PartName = ""
    """(`Looking`) to the subjects of the rules, one or None per row; a subject may have `sketch` (bytes) and
    `language`; floor 4."""
    near_duplicates: PartName = ""
    """A `NearSearch`: how near-duplicates are found by the sketches, also among what was accepted before; floor 4."""
    similarity: str = "near_duplicate_similarity"
    """The field of `first_pass` with the similarity of near-duplicates."""
    second_similarity: str = ""
    """Another such field, where samples of two parts repeat each other only if both are alike."""
    examples: tuple[str, ...] = ()
    """The blocks of `first_pass` whose examples its rules can learn from."""

    # Embedding
    encoders: PartName | None = None
    """A tuple of `EncoderEntry`: the encoders of this modality alone, beside those that are packaged; floor 2."""
    encoders_of: tuple[str, ...] = ()
    """The modalities whose encoders fit its items; its own name alone where nothing is said."""
    without_weights: str = ""
    """Name of the encoder that needs no weights."""
    weights: tuple[str, str] = ("", "")
    """The package that brings the weights of the encoder in `defaults`, and the extra which installs it."""
    items: PartName | None = None
    """(`Contents of rows`) to what the encoder is given; None: the texts; floor 5."""

    # Showing
    has_image: bool = False
    """Whether the raw index has a thumbnail of each sample, and a page can show a large image of it."""
    image: PartName | None = None
    """(`MediaRow`) to a PIL image in RGB that shows the sample large; floor 5."""
    player: PartName | None = None
    """(`MediaRow`) to (media type, bytes) that a browser plays; floor 5."""

    # Questions and releases
    answers: tuple[str, ...] = ("class",)
    """The kinds of answers that can be asked for."""
    can_change: bool = False
    """Whether `labels.synthesised_share` can ask about changed samples."""
    has_patterns: bool = False
    """Whether deciders can search for patterns in it, and the encoder embed names of classes."""
    formats: tuple[str, ...] = ()
    """The formats of folders (keys of `release_formats.registry.FOLDER_FORMATS`) that can hold its samples."""
    file_endings: Mapping[str, str] = field(default_factory=dict)
    """Ending of a released file by its media type, where it is not the end of the type's name."""

    def __post_init__(self) -> None:
        if not self.encoders_of:
            object.__setattr__(self, "encoders_of", (self.name,))

    def parts_of(self, step: str) -> tuple[PartName, ...]:
        """The parts that a step's result depends on, which count for the version of its code."""
        return tuple(part for name in _PARTS_OF.get(step, ()) if (part := getattr(self, name)))


#: By step, the fields with the parts that it uses.
_PARTS_OF = {
    "raw_index": ("form", "look"),
    "first_pass": ("rules", "looks", "near_duplicates"),
    "embeddings": ("encoders", "items"),
    "cluster_tree": ("encoders",),
    "classifier": ("encoders",),
}
