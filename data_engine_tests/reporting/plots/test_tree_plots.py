import pytest

from data_engine.reporting import lorenz_curve, lorenz_plot, silhouette_plot


def test_the_lorenz_curve_of_four_clusters_by_hand() -> None:
    share, held, gini = lorenz_curve([4, 1, 0, 5])
    assert share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert held.tolist() == pytest.approx([0, 0, 0.1, 0.5, 1])
    # Twice the area between the diagonal and the curve: 1 - (0 + 0.1 + 0.6 + 1.5) / 4.
    assert gini == pytest.approx(0.45)


def test_equal_clusters_are_perfectly_even() -> None:
    assert lorenz_curve([3, 3, 3])[2] == pytest.approx(0)


def test_images_of_a_tree_are_small_and_say_when_there_is_nothing() -> None:
    images = [
        lorenz_plot({"level 1": range(1, 10_001), "level 2": [5, 5]}),
        silhouette_plot([[0.3, None, -0.2, 0.9], [None]]),
        lorenz_plot({"level 1": [0]}),
        silhouette_plot([[None]]),
    ]
    assert all(plot.png().startswith(b"\x89PNG") and len(plot.png()) < 100_000 for plot in images)
    assert images[0].text.startswith("How evenly clusters are filled. level 1: Gini 0.33, the smaller half")
    assert images[1].text == (
        "Mean simplified silhouettes of clusters. level 1: 3 clusters, median 0.30, from -0.20 to 0.90."
    )
