"""A release as formats of whole folders are given it: its rows by split, its images, its classes.

It is read from the folder of a release by `data_engine.releasing.exporting`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput

#: The order of splits; a release without any is one of its first.
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Released:
    """A release that is whole.

    Attributes:
        release_id: Its id.
        title: Title of the data card.
        licence: Licence of the content.
        rows: As its data files have them, sorted by sample_id; with `split` where it has splits.
        images: The files of its images by sample id; none for texts.
        modality: What its samples are.
        label_column: The column with the class; of several questions that of one, `<question>_label`.
    """

    release_id: str
    title: str
    licence: str
    rows: pa.Table
    images: Mapping[str, Path]
    modality: str = "text"
    label_column: str = "label"

    @property
    def has_labels(self) -> bool:
        """Whether the column with the class is there."""
        return self.label_column in self.rows.column_names

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that occur, sorted; the number of a class in a format is its place here."""
        found = self.rows[self.label_column].to_pylist() if self.has_labels else []
        return tuple(sorted({label for label in found if label is not None}))

    @property
    def has_objects(self) -> bool:
        """Whether its images have objects in the place of a class."""
        return "objects" in self.rows.column_names

    @property
    def object_classes(self) -> tuple[str, ...]:
        """The classes of objects that occur, sorted; the number of a class in a format follows from its place here."""
        texts = self.rows["objects"].to_pylist() if self.has_objects else []
        return tuple(sorted({one["class"] for text in texts if text for one in json.loads(text)["objects"]}))

    def by_split(self) -> dict[str, pa.Table]:
        """The rows of every split that has any, in the order of `SPLITS`, then by name."""
        if "split" not in self.rows.column_names:
            return {SPLITS[0]: self.rows}
        names = set(self.rows["split"].to_pylist())
        ordered = sorted(names, key=lambda name: (SPLITS.index(name) if name in SPLITS else len(SPLITS), name))
        return {name: self.rows.filter(pc.equal(self.rows["split"], name)) for name in ordered}

    def labelled_images(self, form: str) -> Iterator[tuple[str, Mapping[str, Any], Path]]:
        """Split, row and image file of every sample.

        Raises: InvalidInput for a sample without a label or an image, which the format `form` cannot hold.
        """
        for split, rows in self.by_split().items():
            for row in rows.to_pylist():
                if row.get(self.label_column) is None:
                    raise InvalidInput(
                        f"sample {row['sample_id']} has no {self.label_column}, and {form} needs a class for each "
                        f"sample; take hf or webdataset, or a question that has labels with --question"
                    )
                yield split, row, self.image_of(row["sample_id"])

    def image_of(self, sample_id: str) -> Path:
        """The file of an image.

        Raises: InvalidInput where the release does not hold it.
        """
        if sample_id not in self.images:
            raise InvalidInput(
                f"release {self.release_id} holds no file of sample {sample_id}; set release.images: true and "
                f"release again"
            )
        return self.images[sample_id]
