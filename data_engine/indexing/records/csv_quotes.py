"""Quotes in CSV files that swallow rows: whether a record of several lines is one row, or several.

Where a record ends is found in `indexing/line_records.py`.
"""

import re
from collections import Counter

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_MOST_KNOWN = 10_000


class Quotes:
    """Judges the records of one file, in their order."""

    def __init__(self, delimiter: str, n_columns: int) -> None:
        self._delimiter, self._n_columns = delimiter, n_columns
        self._ends: Counter[str] = Counter()

    def fault(self, record: str, line: int) -> str | None:
        """What is wrong with the quotes of a record, if something is; `line` is that on which it starts.

        A record of several lines is refused when text follows a closing quote, or when each of its lines would be a
        whole row by itself that ends in a value which other rows end in, too.
        """
        if "\r" in record and "\r" in _QUOTED.sub("", record):
            return f"line {line} holds a carriage return outside quotes; write the file with one kind of line ends"
        if "\n" not in record and "\r" not in record:
            self._learn(record)
            return None
        n_lines = len(record.splitlines())
        if self._is_followed_by_text(record):
            return (
                f"text follows a closing quote within the {n_lines:,} lines that a quote in line {line} takes in; "
                "double or remove the quotes within fields"
            )
        if self._is_of_whole_rows(record):
            return f"a quote in line {line} takes in {n_lines:,} lines that are whole rows; close or remove it"
        return None

    def _learn(self, record: str) -> None:
        if len(self._ends) < _MOST_KNOWN and self._n_columns > 1:
            self._ends[record.rpartition(self._delimiter)[2].strip('"')] += 1

    def _is_followed_by_text(self, record: str) -> bool:
        position = 0
        while True:
            quoted = _QUOTED.match(record, position)
            end = quoted.end() if quoted else position
            if quoted and end < len(record) and record[end] != self._delimiter:
                return True
            position = record.find(self._delimiter, end) + 1
            if not position:
                return False

    def _is_of_whole_rows(self, record: str) -> bool:
        lines = record.splitlines()
        if self._n_columns < 2:
            return False
        known = 0
        for line in lines:
            if line.count(self._delimiter) != self._n_columns - 1:
                return False
            known += line.rpartition(self._delimiter)[2].strip('"') in self._ends
        return known >= max(1, len(lines) - 1)
