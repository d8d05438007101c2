"""Images, or sounds, in one folder per class: ImageFolder, and the layout in which YOLO learns to classify.

Boxes of objects are written in `coco.py`.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from data_engine.release_formats.released import Released

#: What no folder may be named with on some system, and the sign that stands for it.
_UNSAFE = re.compile(r'[%/\\:*?"<>|\x00-\x1f\x7f]|^\.|[. ]$')
#: Names that Windows does not give to folders, also before a dot.
_OF_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
#: Of a name; file systems take 255, and some programs write more than the name.
_MOST_BYTES = 200
_YOLO_SPLITS = {"train": "train", "validation": "val", "test": "test"}


def write_image_folder(released: Released, folder: Path) -> None:
    """Write `<split>/<class>/<image>`; `classes.json` beside has the class of every folder.

    Raises: InvalidInput for a sample without a label or an image.
    """
    folders = folders_of(released.classes)
    for split, row, image in released.labelled_images("imagefolder"):
        _copy(image, folder / split / folders[row[released.label_column]])
    text = json.dumps({folders[name]: name for name in released.classes}, ensure_ascii=False, indent=2)
    (folder / "classes.json").write_text(text + "\n", "utf-8", newline="\n")


def write_yolo(released: Released, folder: Path) -> None:
    """Write `<split>/<class>/<image>` with the splits train, val and test, and `data.yaml` with the classes.

    Raises: InvalidInput for a sample without a label or an image.
    """
    splits = [_YOLO_SPLITS.get(split, split) for split in released.by_split()]
    folders = folders_of(released.classes)
    for split, row, image in released.labelled_images("yolo"):
        _copy(image, folder / _YOLO_SPLITS.get(split, split) / folders[row[released.label_column]])
    # JSON is YAML; what stands in quotes needs no other care.
    lines = ["path: .", *(f"{split}: {split}" for split in splits), f"nc: {len(released.classes)}", "names:"]
    lines += [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(released.classes)]
    (folder / "data.yaml").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def folders_of(labels: Collection[str]) -> dict[str, str]:
    """The folder of each class; those that some file system takes for one, as `Cat` and `cat`, end in a hash."""
    folders = {label: folder_of(label) for label in labels}
    alike = Counter(_on_any_system(folder) for folder in folders.values())
    return {
        label: folder if alike[_on_any_system(folder)] == 1 else _with_hash(folder, label)
        for label, folder in folders.items()
    }


def folder_of(label: str) -> str:
    """The name of the folder of a class: its own, with `%2F` and the like for signs that no folder may have.

    A name that is too long for a folder, or that some system keeps for a device, ends in a hash. Different classes have
    different folders, where the file system tells capitals from small letters.
    """
    name = _UNSAFE.sub(lambda sign: f"%{ord(sign[0]):02X}", label) or "%"
    if len(name.encode()) <= _MOST_BYTES and not _OF_DEVICES.match(name):
        return name
    return _with_hash(name, label)


def _with_hash(folder: str, label: str) -> str:
    kept = folder.encode()[:_MOST_BYTES].decode("utf-8", "ignore")
    return f"{kept}~{sha256(label.encode()).hexdigest()[:8]}"


def _on_any_system(folder: str) -> str:
    """What a name is compared by on systems that ignore capitals, or how accents are composed."""
    return normalize("NFC", normalize("NFC", folder).casefold())


def _copy(image: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, folder / image.name)
