"""Embedding-like rows of concepts of very unequal size, with which the balance of a choice can be measured."""

import numpy as np

DIM, RANK, N_TOPICS = 64, 32, 10


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def concept_mixture(seed: int, *, n_samples: int, n_concepts: int) -> tuple[np.ndarray, np.ndarray]:
    """(n_samples, 64) unit rows of concepts in 10 topics, with sizes that fall like 1 / rank, and their concepts."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_concepts + 1)
    sizes = np.floor(n_samples * share / share.sum()).astype(int)
    sizes[0] += n_samples - sizes.sum()
    topics = _unit(rng.normal(size=(N_TOPICS, DIM)))
    topic = rng.integers(N_TOPICS, size=n_concepts)
    centres = topics[topic] + 0.7 * _unit(rng.normal(size=(n_concepts, DIM)))
    bases = rng.normal(size=(N_TOPICS, RANK, DIM)) / np.sqrt(DIM)
    concept = np.repeat(np.arange(n_concepts), sizes)
    noise = np.einsum("nr,nrd->nd", rng.normal(size=(n_samples, RANK)) / np.sqrt(RANK), bases[topic[concept]])
    rows = centres[concept] + 0.7 * noise + 0.105 * rng.normal(size=(n_samples, DIM)) / np.sqrt(DIM)
    return _unit(rows).astype(np.float32), concept


def divergence_of_concepts(chosen: np.ndarray, n_concepts: int) -> float:
    """KL of the histogram of the chosen concepts to the uniform one."""
    share = np.bincount(chosen, minlength=n_concepts) / len(chosen)
    share = share[share > 0]
    return float((share * np.log(share * n_concepts)).sum())
