"""Names of clusters: the terms that are typical of their texts against those of all other clusters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEPARATOR = " · "
#: Characters of a text that are looked at, and of a term that is used.
_TEXT_CHARS, _TERM_CHARS = 1_000, 30
#: Words with inner dots, dashes and the like ("gpl-2.0", "don't"); single characters say nothing.
_TERM = r"\w[\w.+'-]{0,28}\w"
#: Words that tie others together, and the beginnings of addresses; in other languages the weight alone must do.
_TIES = (
    "an and are as at be but by can for from has have http https if in into is it its may must no not of on or our "
    "shall such that the their these this those to under was we were which will with you your"
)
_N_TERMS, _N_CANDIDATES = 3, 12


def cluster_names(
    texts: Sequence[str], clusters: Sequence[NDArray[np.integer]], n_clusters: Sequence[int]
) -> list[list[str | None]]:
    """A name of up to three terms for every cluster of every level.

    Class-based TF-IDF, where the class of a text is its cluster: with p the share of the cluster's texts that hold a
    term, and q the share of all other texts, the weight of the term is p log(p / q), its part of the divergence of
    the cluster from the others; equal weights go by the alphabet. What is no more common here than elsewhere names
    nothing, and a term inside another that is already chosen is passed over. Terms are put in the order in which the
    cluster's first text has them.
    Source: Grootendorst 2022 (arXiv 2203.05794) for TF-IDF over classes; Aizawa 2003, "An information-theoretic
    perspective of tf-idf measures", for the weight, which ranks the words of short texts better than term counts do.

    Args:
        texts: (n,) texts; only the first 1,000 characters count. The most typical text of a cluster comes first.
        clusters: per level (n,) cluster of every text.
        n_clusters: clusters of every level.

    Returns: per level, names such as `gnu · general · public`; None where no text of the cluster holds a word.
    """
    from scipy.sparse import csr_array

    found = _presence(texts)
    if found is None:
        return [[None] * n for n in n_clusters]
    presence, terms = found
    total = np.asarray(presence.sum(axis=0), dtype=np.float64).ravel()
    names = []
    for cluster, n in zip(clusters, n_clusters, strict=True):
        member = csr_array((np.ones(len(texts)), (cluster, np.arange(len(texts)))), shape=(n, len(texts)))
        counts = (member @ presence).tocsr()
        counts.sort_indices()
        n_texts = np.bincount(cluster, minlength=n)
        first = _first_text(texts, cluster, n)
        weights = _weights(counts, n_texts, total, len(texts))
        names.append([_name(counts, weights, terms, number, first[number]) for number in range(n)])
    return names


def _presence(texts: Sequence[str]) -> tuple[Any, NDArray[Any]] | None:
    """Sparse (n, n_terms) 0/1 matrix and its terms; None when no text holds a term."""
    from sklearn.feature_extraction.text import CountVectorizer

    cut = [text[:_TEXT_CHARS] for text in texts]
    counter = CountVectorizer(token_pattern=_TERM, stop_words=_TIES.split(), binary=True, dtype=np.float64)
    try:
        presence = counter.fit_transform(cut)
    except ValueError:
        # scikit-learn's way to say that there is no word in any of the texts.
        return None
    return presence, counter.get_feature_names_out()


def _weights(counts: Any, n_texts: NDArray[np.integer], total: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Weight of every stored entry of `counts` (k, n_terms); one imagined text holds every term elsewhere."""
    own = np.repeat(np.arange(len(n_texts)), np.diff(counts.indptr))
    inside = counts.data / n_texts[own]
    outside = (total[counts.indices] - counts.data + 1) / (n - n_texts[own] + 1)
    weights: NDArray[np.float64] = inside * np.log(inside / outside)
    return weights


def _first_text(texts: Sequence[str], cluster: NDArray[np.integer], n: int) -> list[str]:
    first = [""] * n
    for text, number in zip(reversed(texts), cluster[::-1].tolist(), strict=True):
        first[number] = text[:_TEXT_CHARS]
    return first


def _name(counts: Any, weights: NDArray[np.float64], terms: NDArray[Any], number: int, first: str) -> str | None:
    entries = slice(counts.indptr[number], counts.indptr[number + 1])
    weight = weights[entries]
    best = np.argsort(-weight, kind="stable")[: min(_N_CANDIDATES, max(int((weight > 0).sum()), 1))]
    chosen: list[str] = []
    for term in terms[counts.indices[entries][best]].tolist():
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == _N_TERMS:
            break
    text = first.lower()
    # Terms that the first text lacks come last, in the order of their weights.
    chosen.sort(key=lambda term: text.find(term) if term in text else len(text))
    return SEPARATOR.join(chosen) or None
