"""The registry of segmenters: the only list of their names, with what each is and how it is loaded.

The class of a loaded segmenter is in `segmenter.py`. To add one: a predictor in `predictors/`, and an entry here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.predictors.chooser import choose, shipped_weights
from data_engine.segmentation.predictors.grabcut import grabcut, grabcut_from_box
from data_engine.segmentation.predictors.network import MaskNetwork, network_from_bytes
from data_engine.segmentation.predictors.promptable import load_promptable
from data_engine.segmentation.predictors.saliency import gated, load_saliency, weights_file
from data_engine.segmentation.predictors.shapes import box, ellipse, octagon, quadrilateral
from data_engine.segmentation.segmenter import Predict, Segmenter, octagon_where_empty

#: Of segmenters whose masks have changed since their first version.
_VERSIONS = {"grabcut": 2, "u2netp": 2}


@dataclass(frozen=True)
class SegmenterEntry:
    """What a segmenter is, and what loads it by its full name; `prefix` is the beginning of the names of a pattern."""

    meaning: str
    load: Callable[[str], Segmenter]
    prefix: str | None = None


def _of(predict: Predict) -> Callable[[str], Segmenter]:
    """A segmenter without weights: its version is its name and a number that grows when its masks change."""
    return lambda name: Segmenter(name, f"{name}-{_VERSIONS.get(name, 1)}", octagon_where_empty(predict))


def _default(name: str) -> Segmenter:
    return _chooser("chooser" if weights_file() is not None else "chooser-without-saliency", called=name)


def _chooser(name: str, called: str | None = None) -> Segmenter:
    has_saliency = name == "chooser"
    saliency = load_saliency() if has_saliency else None
    weights, fingerprint = shipped_weights(has_saliency=has_saliency)

    def predict(crop: Crop) -> SoftMask:
        return choose(crop, saliency, weights)[1]

    return Segmenter(called or name, f"{name}-{fingerprint}", octagon_where_empty(predict))


def _saliency(name: str) -> Segmenter:
    return Segmenter(name, f"{name}-{_VERSIONS[name]}", octagon_where_empty(gated(load_saliency())))


def _network(name: str) -> Segmenter:
    path = Path(name.removeprefix("network/"))
    if not path.is_file():
        raise SourceMissing(f"{path} is no file; name the .npz that a trained mask network was saved to")
    return segmenter_of_network(network_from_bytes(path.read_bytes()), name=name)


def _promptable(name: str) -> Segmenter:
    predict, fingerprint = load_promptable(name.removeprefix("promptable/"))
    return Segmenter(name, f"promptable-{fingerprint}", octagon_where_empty(predict), takes_clicks=True)


SEGMENTERS: dict[str, SegmenterEntry] = {
    "default": SegmenterEntry(
        "chooser where the weights of u2netp are installed, else chooser-without-saliency", _default
    ),
    "chooser": SegmenterEntry("the best of all candidates by its expected IoU", _chooser),
    "chooser-without-saliency": SegmenterEntry("the same without u2netp; needs nothing else", _chooser),
    "grabcut": SegmenterEntry("GrabCut between the octagon and seeds", _of(grabcut)),
    "grabcut-from-box": SegmenterEntry("GrabCut as it is usually started", _of(grabcut_from_box)),
    "u2netp": SegmenterEntry("what stands out, where it fits the points, else the ellipse", _saliency),
    "box": SegmenterEntry("the box of the points", _of(box)),
    "ellipse": SegmenterEntry("the ellipse in that box", _of(ellipse)),
    "quadrilateral": SegmenterEntry("the four points, joined", _of(quadrilateral)),
    "octagon": SegmenterEntry("the octagon of the points", _of(octagon)),
    "network/<file.npz>": SegmenterEntry("a small network trained from reviewed masks", _network, "network/"),
    "promptable/<folder>": SegmenterEntry("a segment-anything model in a folder", _promptable, "promptable/"),
}
"""All segmenters. Where a segmenter finds nothing, it answers with the octagon of the points."""


def load_segmenter(name: str = "default") -> Segmenter:
    """Load a segmenter by name.

    Args:
        name: `default`, the best that works with what is installed; `grabcut`, which needs no weights; `u2netp`,
            `chooser`, `chooser-without-saliency`; the shapes `box`, `ellipse`, `quadrilateral`, `octagon`;
            `network/<file.npz>` for one that was trained here, `promptable/<folder>` for a segment-anything model.

    Raises: InvalidInput for another name, listing those that there are; SourceMissing where weights are missing.
    """
    return find_segmenter(name).load(name)


def segmenter_of_network(network: MaskNetwork, *, name: str = "network") -> Segmenter:
    """A trained network as a segmenter; its version is that of the network."""
    return Segmenter(name, network.version, octagon_where_empty(network.predict_crop), takes_clicks=True)


def find_segmenter(name: str) -> SegmenterEntry:
    """The entry of a name, or of the pattern that it follows.

    Raises: InvalidInput for another name, listing those that there are.
    """
    entry = SEGMENTERS.get(name) or next(
        (one for one in SEGMENTERS.values() if one.prefix is not None and name.startswith(one.prefix)), None
    )
    if entry is None or entry.prefix == name:
        raise InvalidInput(f"segmenter is {name!r}, which does not exist; use one of {', '.join(SEGMENTERS)}")
    return entry
