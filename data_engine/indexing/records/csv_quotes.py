"""Quotes in CSV files that swallow rows: whether a record of several lines is one row, or several.

Where a record ends is found in `indexing/line_records.py`.
"""

import re

from data_engine.indexing.line_records import split_fields

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_LINE_END = re.compile(r"\r\n|\n|\r")
#: One word with a digit in it, as ids, numbers and dates are.
_ID = re.compile(r"[\w./:+-]*\d[\w./:+-]*")
_MOST_KNOWN, _LONGEST_KNOWN, _MOST_COLUMNS = 10_000, 100, 50
#: Rows after which it is known what the columns hold; more are looked at, for values that come late.
_ENOUGH_ROWS, _MOST_ROWS = 20, 20_000
NOT_CLOSED_BY = "text follows a closing quote; double or remove the quotes within fields"


def is_followed_by_text(record: str, delimiter: str) -> bool:
    """Whether something stands between a closing quote of a record and the end of its field."""
    position = 0
    while True:
        quoted = _QUOTED.match(record, position)
        end = quoted.end() if quoted else position
        if quoted and end < len(record) and record[end] != delimiter:
            return True
        position = record.find(delimiter, end) + 1
        if not position:
            return False


class Quotes:
    """Judges the records of one file, in their order."""

    def __init__(self, delimiter: str, n_columns: int) -> None:
        self._delimiter, self._n_columns = delimiter, n_columns
        self._values: list[set[str]] = [set() for _ in range(min(n_columns, _MOST_COLUMNS))]
        self._are_ids = [True] * len(self._values)
        self._n_rows = 0
        self._doubted: list[tuple[str, int]] = []

    def fault(self, record: str, line: int) -> str | None:
        """What is wrong with the quotes of a record, if something is; `line` is that on which it starts.

        A record of several lines is refused when text follows a closing quote, or when each of its lines would be a
        whole row by itself, with values where other rows have them, too. One that comes before anything is known of
        other rows is judged later.
        """
        if "\r" in record and "\r" in _QUOTED.sub("", record):
            return f"line {line} holds a carriage return outside quotes; write the file with one kind of line ends"
        if "\n" not in record and "\r" not in record:
            self._learn(record)
            return self.fault_of_doubted() if self._n_rows == _ENOUGH_ROWS else None
        n_lines = len(_LINE_END.split(record))
        if is_followed_by_text(record, self._delimiter):
            return (
                f"text follows a closing quote within the {n_lines:,} lines that a quote in line {line} takes in; "
                "double or remove the quotes within fields"
            )
        if not self._has_lines_of_whole_rows(record):
            return None
        if self._n_rows < _ENOUGH_ROWS and not self._is_of_whole_rows(record):
            self._doubted.append((record, line))
            return None
        return self._fault_of_rows(record, line)

    def fault_of_doubted(self) -> str | None:
        """What is wrong with records that came before much was known; to be asked at the end of the file, too."""
        doubted, self._doubted = self._doubted, []
        return next((fault for one in doubted if (fault := self._fault_of_rows(*one)) is not None), None)

    def _fault_of_rows(self, record: str, line: int) -> str | None:
        if not self._is_of_whole_rows(record):
            return None
        n_lines = len(_LINE_END.split(record))
        return f"a quote in line {line} takes in {n_lines:,} lines that are whole rows; close or remove it"

    def _learn(self, record: str) -> None:
        if self._n_columns < 2 or self._n_rows >= _MOST_ROWS:
            return
        fields = split_fields(record, self._delimiter)
        if len(fields) != self._n_columns:
            return
        self._n_rows += 1
        for place, (value, known) in enumerate(zip(fields, self._values, strict=False)):
            if len(value) <= _LONGEST_KNOWN and len(known) < _MOST_KNOWN:
                known.add(value)
            if self._are_ids[place] and not _ID.fullmatch(value):
                self._are_ids[place] = False

    def _has_lines_of_whole_rows(self, record: str) -> bool:
        n = self._n_columns - 1
        return n > 0 and all(line.count(self._delimiter) == n for line in _LINE_END.split(record))

    def _is_of_whole_rows(self, record: str) -> bool:
        """Whether each line has a value that its column is known to hold, besides those that frame a text of lines."""
        lines = _LINE_END.split(record)
        first, last = self._columns_over_lines(record)
        columns = [range(self._n_columns)] * len(lines)
        columns[0], columns[-1] = range(first + 1, self._n_columns), range(last)
        asked = [(line, places) for line, places in zip(lines, columns, strict=True) if len(places)]
        return bool(asked) and all(self._is_known(line.split(self._delimiter), places) for line, places in asked)

    def _is_known(self, values: list[str], places: range) -> bool:
        for place in places[:_MOST_COLUMNS]:
            value = values[place].strip('"') if place < min(len(values), len(self._values)) else ""
            if value and value in self._values[place]:
                return True
            if value and self._n_rows >= 3 and self._are_ids[place] and _ID.fullmatch(value):
                return True
        return False

    def _columns_over_lines(self, record: str) -> tuple[int, int]:
        """The first and the last column whose value goes over a line end."""
        found, place, position = [], 0, 0
        while True:
            quoted = _QUOTED.match(record, position)
            end = quoted.end() if quoted else position
            if quoted and _LINE_END.search(quoted[0]):
                found.append(place)
            position, place = record.find(self._delimiter, end) + 1, place + 1
            if not position:
                return (found[0], found[-1]) if found else (0, 0)
