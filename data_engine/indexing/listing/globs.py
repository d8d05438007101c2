"""Which names of files a glob means.

The files of a source are listed in `batches.py`.
"""

import re


def glob_pattern(pattern: str) -> re.Pattern[str]:
    """A glob over whole relative paths: `*`, `?` and `[...]` stay within a name, `**` crosses folders.

    Raises: re.error for a range in square brackets that goes backwards.
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    translated = []
    for part in parts:
        if len(part) > 2 and part[0] == "[" and part[-1] == "]":
            negated = part[1] == "!"
            members = part[2 if negated else 1 : -1].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
            translated.append(f"[^/{members}]" if negated else f"[{members.replace('^', chr(92) + '^')}]")
        else:
            translated.append(meaning.get(part) or re.escape(part))
    return re.compile("".join(translated), re.DOTALL)
