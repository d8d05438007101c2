"""The form of an answer of the kind `objects`, checked at every door: what may come from a hostile client is refused.

What is made of such answers is in `object_answers.py`.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.carried_from import check_carried
from data_engine.labeling.provenance import PROVENANCES
from data_engine.schemas import answer_text
from data_engine.segmentation.rle import MOST_PIXELS, decode_rle

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

OBJECTS = "objects"
"""The name of this kind."""

MOST_OBJECTS, MOST_VERTICES, MOST_CLICKS = 1_000, 500, 200
#: The exact mask of an object has to agree so far with its polygons.
_LEAST_AGREEMENT = 0.8
_SECONDS = ("active_s", "idle_s", "waiting_s")
_MOST_SECONDS = 86_400
_REQUIRED = {"class", "polygons"}
_OPTIONAL = {"extreme_points", "clicks", "mask", "provenance", "n_edits", "carried", *_SECONDS}
_FORM = (
    '{"size":[height,width],"objects":[{"class":"coin","polygons":[[[x,y],[x,y],[x,y]]]}]} with, of each object, '
    "extreme_points, clicks, mask, provenance, n_edits, carried, active_s, idle_s and waiting_s where they are known"
)


def checked_objects(answer: object, classes: Sequence[str], *, of: str) -> dict[str, Any]:
    """The answer as a JSON object, after every check.

    Raises: InvalidInput naming what breaks which rule; UnknownLabel for a class that is not in the question.
    """
    found = _parsed(answer)
    if set(found) != {"size", "objects"} or not isinstance(found["objects"], list):
        raise _no_answer(answer, f"it needs size and objects and has {sorted(map(str, found))[:10]}")
    size = found["size"]
    is_pair = isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)
    if not is_pair or size[0] * size[1] > MOST_PIXELS:
        raise _no_answer(answer, f"its size is {str(size)[:60]}, which are not a height and a width in pixels")
    if len(found["objects"]) > MOST_OBJECTS:
        raise _no_answer(answer, f"it has {len(found['objects']):,} objects, and at most {MOST_OBJECTS:,} are taken")
    for number, one in enumerate(found["objects"]):
        _check_object(one, number, size, answer)
        if one["class"] not in classes:
            raise UnknownLabel(
                f"object {number} is a {one['class']!r}, which is not one of the {len(classes)} classes of {of}; the "
                f"classes begin with {list(classes[:3])}"
            )
    return found


@lru_cache(maxsize=4096)
def shapes_of(answer: str) -> tuple[tuple[str, "BaseGeometry"], ...]:
    """Class and area of each object of a checked answer: rings within rings are holes."""
    return tuple((one["class"], shape_of(one["polygons"])) for one in json.loads(answer)["objects"])


def shape_of(polygons: Sequence[Sequence[Sequence[float]]]) -> "BaseGeometry":
    """The area that an odd number of the rings hold."""
    from shapely import Polygon

    shape: BaseGeometry = Polygon(polygons[0])
    for ring in polygons[1:]:
        shape = shape.symmetric_difference(Polygon(ring))
    return shape


def classes_in(answer: str) -> set[str]:
    """The classes of the objects of an answer."""
    return {one["class"] for one in json.loads(answer)["objects"]}


def with_class_names(answer: str, name_now: Callable[[str], str | None], *, drops_others: bool = False) -> str | None:
    """A checked answer whose objects have the class names of now.

    Args:
        answer: In canonical form.
        name_now: The class of now, None where a class was removed.
        drops_others: Whether objects of removed classes are left out; else there is no answer any more.

    Returns: the answer in canonical form; None where an object has no class any more.
    """
    found = json.loads(answer)
    named = [(one, name_now(one["class"])) for one in found["objects"]]
    if not drops_others and any(name is None for _, name in named):
        return None
    return answer_text({**found, "objects": [{**one, "class": name} for one, name in named if name is not None]})


def _parsed(answer: object) -> dict[str, Any]:
    found = answer
    if isinstance(answer, str):
        try:
            found = json.loads(answer)
        except (json.JSONDecodeError, RecursionError):
            found = None
    if not isinstance(found, Mapping):
        raise _no_answer(answer, "it is no JSON object")
    return dict(found)


def _check_object(one: object, number: int, size: list[int], answer: object) -> None:
    named = f"object {number}"
    if not isinstance(one, Mapping) or not _REQUIRED <= set(one) <= _REQUIRED | _OPTIONAL:
        keys = sorted(map(str, one))[:10] if isinstance(one, Mapping) else type(one).__name__
        raise _no_answer(answer, f"{named} has {keys}")
    if not isinstance(one["class"], str):
        raise _no_answer(answer, f"the class of {named} is no text")
    _check_polygons(one["polygons"], named, size, answer)
    points = one.get("extreme_points")
    if points is not None and not (_are_places(points, size) and len(points) == 4):
        raise _no_answer(answer, f"the extreme points of {named} are not four places inside the image")
    clicks = one.get("clicks", [])
    are_clicks = isinstance(clicks, list) and all(isinstance(c, list) and len(c) == 3 for c in clicks)
    if not are_clicks or not _are_places([c[:2] for c in clicks], size) or any(type(c[2]) is not bool for c in clicks):
        raise _no_answer(answer, f"the clicks of {named} are not [x, y, true or false] inside the image")
    if len(clicks) > MOST_CLICKS:
        raise _no_answer(answer, f"{named} has {len(clicks)} clicks, and at most {MOST_CLICKS} are taken")
    if one.get("provenance", PROVENANCES[0]) not in PROVENANCES:
        raise _no_answer(answer, f"the provenance of {named} is none of {', '.join(PROVENANCES)}")
    n_edits = one.get("n_edits", 0)
    if type(n_edits) is not int or n_edits < 0:
        raise _no_answer(answer, f"n_edits of {named} is no number from 0")
    _check_seconds(one, named, answer)
    if one.get("carried") is not None:
        check_carried(one["carried"], lambda what: _no_answer(answer, f"{what} of {named}"))
    if one.get("mask") is not None:
        _check_mask(one["mask"], one["polygons"], named, size, answer)


def _check_seconds(one: Mapping[str, Any], named: str, answer: object) -> None:
    for name in _SECONDS:
        seconds = one.get(name, 0)
        if type(seconds) not in (int, float) or not 0 <= seconds <= _MOST_SECONDS:
            raise _no_answer(answer, f"{name} of {named} is {str(seconds)[:40]}, which are not seconds from 0 to a day")


def _check_polygons(polygons: object, named: str, size: list[int], answer: object) -> None:
    from shapely import Polygon

    if not isinstance(polygons, list) or not polygons or not all(isinstance(ring, list) for ring in polygons):
        raise _no_answer(answer, f"{named} has no polygons")
    n_vertices = sum(map(len, polygons))
    if n_vertices > MOST_VERTICES:
        raise _no_answer(answer, f"{named} has {n_vertices:,} vertices, and at most {MOST_VERTICES} are taken")
    for ring in polygons:
        if len(ring) < 3 or not _are_places(ring, size):
            raise _no_answer(answer, f"{named} has a polygon that is not at least three places inside the image")
        shape = Polygon(ring)
        if shape.area <= 0 or not shape.is_valid:
            raise _no_answer(answer, f"{named} has a polygon that crosses itself or has no area")
    if shape_of(polygons).area <= 0:
        raise _no_answer(answer, f"the polygons of {named} leave no area")


def _check_mask(mask: object, polygons: list[Any], named: str, size: list[int], answer: object) -> None:
    from data_engine.segmentation.masks import iou
    from data_engine.segmentation.polygons import to_mask

    if not isinstance(mask, Mapping) or list(mask.get("size", ())) != size:
        raise _no_answer(answer, f"the mask of {named} is not of the size of the image")
    try:
        pixels = decode_rle(mask)
    except InvalidInput as error:
        raise _no_answer(answer, f"the mask of {named} cannot be read, {error}") from error
    agreement = iou(pixels, to_mask(polygons, (size[0], size[1])))
    if agreement < _LEAST_AGREEMENT:
        raise _no_answer(answer, f"mask and polygons of {named} agree by {agreement:.2f} only")


def _are_places(found: object, size: list[int]) -> bool:
    """Whether these are xy of numbers inside the image."""
    height, width = size
    return isinstance(found, list) and all(
        isinstance(place, list)
        and len(place) == 2
        and all(type(value) in (int, float) and math.isfinite(value) for value in place)
        and 0 <= place[0] <= width
        and 0 <= place[1] <= height
        for place in found
    )


def _no_answer(answer: object, what: str) -> InvalidInput:
    return InvalidInput(
        f"an answer of the kind {OBJECTS} is {str(answer)[:120]!r}, but {what}: give a JSON object such as {_FORM}"
    )
