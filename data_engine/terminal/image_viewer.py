"""Opening the image of a task in the viewer of the desktop; where there is none, its path is given.

Images drawn in the terminal itself are in `thumbnails.py`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.compute as pc

from data_engine.errors import DataEngineError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.media import image_file
from data_engine.schemas.child_ids import parent_and_change


def open_image(runtime: CorpusRuntime, sample_id: str) -> str:
    """Show the image of a sample in the viewer; what is to be printed: where the image is, or why it is not there."""
    parent, change = parent_and_change(sample_id)
    rows = runtime.store().dataset("raw_index").to_table(filter=pc.field("sample_id") == parent)
    if rows.num_rows == 0:
        return f"the raw index does not have the sample {sample_id[:12]} any more"
    try:
        name, content = image_file(runtime, rows, change)
    except DataEngineError as error:
        return str(error)
    path = Path(tempfile.gettempdir()) / f"data-engine-{os.getuid()}" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    return f"opened {path}" if _is_shown(path) else f"the image is in {path}"


def _is_shown(path: Path) -> bool:
    """Whether a viewer was started; there is none without a desktop."""
    viewer = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    has_desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if viewer is None or not has_desktop:
        return False
    subprocess.Popen([viewer, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    return True
