"""The forms of samples: texts, which the raw index holds, and media, whose bytes are read again by who needs them.

What a form is stands in `samples.py`.
"""

from data_engine.indexing.archives import media_of_members, text_of_members
from data_engine.indexing.files import read_media, read_text_file
from data_engine.indexing.row_files import media_of_row, text_of_row
from data_engine.indexing.samples import SampleForm, sample_id_of_bytes, sample_id_of_text


def _id_of_text(_content: bytes | None, text: str | None) -> str:
    return sample_id_of_text(text or "")


def _id_of_media(content: bytes | None, _text: str | None) -> str:
    return sample_id_of_bytes(content or b"")


TEXT = SampleForm(("text_column",), read_text_file, text_of_row, _id_of_text, text_of_members)
MEDIA = SampleForm(("path_column",), read_media, media_of_row, _id_of_media, media_of_members)
