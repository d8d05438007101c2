"""A part of some bytes, as a request asks for it: players seek by such requests.

The routes of tasks are in `task_routes.py`.
"""

import re

from fastapi import Response

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def answer_with(content: bytes, media_type: str, asked: str | None) -> Response:
    """The content, or the part of it that the header Range asks for.

    Args:
        content: All of it.
        media_type: What it is.
        asked: The header; several parts at once, and what is no range, are answered with all of it.

    Returns: 200, 206 with the part, or 416 where it begins behind the end.
    """
    headers = {"Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or not (found[1] or found[2]):
        return Response(content, media_type=media_type, headers=headers)
    last = len(content) - 1
    # Without a beginning it is so many bytes from the end.
    start = int(found[1]) if found[1] else max(0, len(content) - int(found[2]))
    end = min(int(found[2]), last) if found[1] and found[2] else last
    if start > last or end < start:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(content[start : end + 1], 206, headers, media_type)
