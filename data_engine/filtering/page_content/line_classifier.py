"""A light classifier of lines: which lines of a page are content, learnt from pages whose content is known.

Reading such pages is in `runtime/examples/page_examples.py`. A small forest of trees on what `line_features` measures
and on what the words of a line and of its neighbours say: what makes a line content depends on the lines around it, and
trees find such conditions by themselves. It is kept as arrays, without pickle.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from io import BytesIO

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering.page_content.forest import Forest
from data_engine.filtering.page_content.line_words import LineWords, Scores, fit_line_words
from data_engine.filtering.page_content.lines import Features, Mask, line_features, lines_of, means_around

_FORMAT = 2
_FOLDS = 3
_MIN_PAGES = 10
_REACHES = (1, 3, 12)


@dataclass(frozen=True)
class LineClassifier:
    """Scores the lines of a page by how much they look like its content; a line above `threshold` stays."""

    words: LineWords
    trees: Forest
    threshold: float
    """Set by cross-validation by page where F1 of the kept lines is highest."""

    def score(self, lines: Sequence[str]) -> Scores:
        """Probability of being content, (n_lines,) in [0, 1]; higher is content."""
        return self.trees.score(_features(lines, self.words.score(lines))) if len(lines) else np.empty(0)

    def keep(self, lines: Sequence[str]) -> Mask:
        """Which lines of one page are content, (n_lines,)."""
        kept: Mask = self.score(lines) > self.threshold
        return kept

    def content_share(self, text: str) -> float | None:
        """Share of the characters of a page that are in lines of content, in [0, 1]; None for a page without lines."""
        lines = lines_of(text)
        sizes = np.array([len(line) for line in lines], np.int64)
        return float(sizes[self.keep(lines)].sum() / sizes.sum()) if len(lines) else None

    @cached_property
    def version(self) -> str:
        """`lines-` and 16 hex digits that change with any parameter."""
        digest = xxhash.xxh3_64(f"{_FORMAT}:{self.threshold!r}:{self.words.bias!r}".encode())
        for values in (self.words.columns, self.words.weights, *asdict(self.trees).values()):
            digest.update(values.tobytes())
        return f"lines-{digest.hexdigest()}"

    def to_bytes(self) -> bytes:
        """The classifier as a NumPy archive; read it back with `from_bytes`."""
        stream = BytesIO()
        numbers = np.array([_FORMAT, self.threshold, self.words.bias])
        learnt = {"columns": self.words.columns, "weights": self.words.weights, **asdict(self.trees)}
        np.savez_compressed(stream, numbers=numbers, **learnt)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "LineClassifier":
        """Read what `to_bytes` wrote, without pickle.

        Raises: InvalidInput when the bytes are something else.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as archive:
                version, *numbers = archive["numbers"].tolist()
                if version == _FORMAT:
                    threshold, bias = numbers
                    words = LineWords(archive["columns"], archive["weights"], bias)
                    return cls(
                        words, Forest(**{field.name: archive[field.name] for field in fields(Forest)}), threshold
                    )
        except Exception as error:
            raise InvalidInput(f"the {len(content)} bytes are no line classifier ({error}); fit it again") from error
        raise InvalidInput(f"the line classifier has format {version:.0f}, this code reads {_FORMAT}; fit it again")


def fit_line_classifier(
    pages: Sequence[Sequence[str]], is_content: Sequence[Sequence[bool] | Mask], *, seed: int
) -> LineClassifier:
    """Learn from pages whose content is known.

    Args:
        pages: The lines of each page, as `lines_of` gives them.
        is_content: For each page, (n_lines,) true for lines of its content.
        seed: For the trees and for the folds of whole pages, by which the words' scores are made that the trees learn
            from, and by which the threshold is set.

    Raises:
        InvalidInput: the marks of a page are not one per line.
        NotEnoughData: fewer than 10 pages, or no line of one of the two kinds.
    """
    marks, groups = _checked(pages, is_content)
    folds = (np.random.default_rng(seed).permutation(len(pages)) % _FOLDS)[groups]
    # Trees that learnt from what words say of the very lines that taught them would trust words too much.
    words, said = fit_line_words([line for page in pages for line in page], marks, folds, seed=seed)
    ends = np.cumsum([len(lines) for lines in pages])[:-1]
    features = np.vstack([_features(lines, own) for lines, own in zip(pages, np.split(said, ends), strict=True)])
    scores = np.empty(len(marks))
    for fold in range(_FOLDS):
        is_test = folds == fold
        scores[is_test] = Forest.grow(features[~is_test], marks[~is_test], seed=seed).score(features[is_test])
    return LineClassifier(words, Forest.grow(features, marks, seed=seed), _best_threshold(scores, marks))


def _features(lines: Sequence[str], said: Scores) -> Features:
    """(n_lines, n_features) of one page, with what the words of each line and of those around it say."""
    by_words = said[:, None]
    return np.hstack([line_features(lines), by_words, *means_around(by_words, _REACHES)])


def _checked(
    pages: Sequence[Sequence[str]], is_content: Sequence[Sequence[bool] | Mask]
) -> tuple[Mask, NDArray[np.int64]]:
    sizes, given = [len(lines) for lines in pages], [len(marks) for marks in is_content]
    if sizes != given:
        raise InvalidInput(f"the pages have {sizes[:5]} ... lines but {given[:5]} ... marks; give one mark per line")
    marks = np.concatenate([np.asarray(page, bool) for page in is_content]) if pages else np.empty(0, bool)
    if len(pages) < _MIN_PAGES or marks.all() or not marks.any():
        raise NotEnoughData(
            f"there are {len(pages)} pages with {int(marks.sum())} lines of content and {int((~marks).sum())} others; "
            f"the line classifier needs at least {_MIN_PAGES} pages and lines of both kinds: give more pages"
        )
    return marks, np.repeat(np.arange(len(pages)), sizes)


def _best_threshold(scores: NDArray[np.float64], marks: Mask) -> float:
    """The score above which F1 is highest, halfway to the next one."""
    order = np.argsort(-scores, kind="stable")
    n_right = np.cumsum(marks[order])
    f1 = 2 * n_right / (np.arange(1, len(marks) + 1) + marks.sum())
    last = int(np.argmax(f1))
    following = min(last + 1, len(order) - 1)
    return float((scores[order[last]] + scores[order[following]]) / 2)
