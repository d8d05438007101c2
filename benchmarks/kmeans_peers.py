"""One Lloyd iteration of other libraries, each the slope between a short and a longer run of its own."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

#: Trains for a number of iterations.
Train = Callable[[int], object]


def peers(x: np.ndarray, first: np.ndarray) -> dict[str, Train]:
    """The libraries that are installed (`pip install -e .[bench]`), on all rows, from these centroids where they can.

    superkmeans and fastkmeans choose their own first rows, which changes nothing in the cost of an iteration.
    """
    makers = {
        "sklearn": ("scikit-learn Lloyd", _scikit_learn),
        "faiss": ("faiss-cpu", _faiss),
        "superkmeans": ("superkmeans", _superkmeans),
        "fastkmeans": ("fastkmeans", _fastkmeans),
    }
    return {name: make(x, first) for module, (name, make) in makers.items() if find_spec(module)}


def _scikit_learn(x: np.ndarray, first: np.ndarray) -> Train:
    from sklearn.cluster import KMeans

    def train(n_iterations: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            KMeans(len(first), init=first, n_init=1, max_iter=n_iterations, tol=0, copy_x=False).fit(x)

    return train


def _faiss(x: np.ndarray, first: np.ndarray) -> Train:
    import faiss

    def train(n_iterations: int) -> None:
        # By itself it looks at 256 rows per centroid only.
        model = faiss.Kmeans(x.shape[1], len(first), niter=n_iterations, max_points_per_centroid=len(x))
        model.train(x, init_centroids=first)

    return train


def _superkmeans(x: np.ndarray, first: np.ndarray) -> Train:
    from superkmeans import SuperKMeans

    def train(n_iterations: int) -> None:
        SuperKMeans(
            len(first),
            x.shape[1],
            hierarchical=False,
            iters=n_iterations,
            sampling_fraction=1.0,
            max_points_per_cluster=len(x),
            early_termination=False,
        ).train(x)

    return train


def _fastkmeans(x: np.ndarray, first: np.ndarray) -> Train:
    from fastkmeans import FastKMeans

    def train(n_iterations: int) -> None:
        FastKMeans(x.shape[1], len(first), niter=n_iterations, tol=-1, gpu=False).train(x)

    return train
