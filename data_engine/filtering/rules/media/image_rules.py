"""The rules of images: pure functions of an image's look, and the registry, in the order they are tried."""

from math import isnan

from data_engine.filtering.rules.media.image_look import ImageLook
from data_engine.filtering.rules.rule import Rule


def shorter_side_px(look: ImageLook) -> float:
    """The length of the shorter side in pixels."""
    return float(min(look.width_px, look.height_px))


def aspect(look: ImageLook) -> float:
    """The longer side divided by the shorter one."""
    return max(look.width_px, look.height_px) / min(look.width_px, look.height_px)


def entropy_bits(look: ImageLook) -> float:
    """The entropy of the shades of grey, in bits from 0 (one shade) to 8 (Shannon 1948)."""
    return look.measures.entropy_bits


def solid_share(look: ImageLook) -> float:
    """The share of the pixels within 4 shades, in every channel, of the median colour."""
    return look.measures.solid_share


def sharpness(look: ImageLook) -> float | None:
    """The variance of the Laplacian of the shades of grey (Pech-Pacheco et al. 2000); None below 3 x 3 pixels."""
    return None if isnan(look.measures.sharpness) else look.measures.sharpness


def brightness(look: ImageLook) -> float:
    """The mean shade of grey, from 0 (black) to 255 (white)."""
    return look.measures.brightness


def clipped_dark_share(look: ImageLook) -> float:
    """The share of the pixels that are as good as black (shade 5 or below)."""
    return look.measures.clipped_dark_share


def clipped_bright_share(look: ImageLook) -> float:
    """The share of the pixels that are as good as white (shade 250 or above)."""
    return look.measures.clipped_bright_share


def bars_share(look: ImageLook) -> float:
    """The share of the height or width in dark bars of one shade on two opposite sides, the larger of the two.

    Letterbox and pillarbox bars are black, run from edge to edge, and come in pairs; a white background is none.
    """
    return look.measures.bars_share


def colourfulness(look: ImageLook) -> float:
    """The colourfulness: 0 for grey, 15 slightly, 33 moderately, 82 highly (Hasler and Suesstrunk 2003, their M3)."""
    return look.measures.colourfulness


def is_greyscale(look: ImageLook) -> float:
    """1 where no pixel's channels differ by more than 4 shades, else 0."""
    return look.measures.is_greyscale


def orientation(look: ImageLook) -> float:
    """The orientation: -1 upright (higher than wide), 0 square, 1 lying."""
    return float((look.width_px > look.height_px) - (look.width_px < look.height_px))


def _rule(name: str, measures: str, score: object, limit: float | None, side: str, source: str, **more: object) -> Rule:
    return Rule(
        name=name,
        modality="image",
        measures=measures,
        score=score,  # type: ignore[arg-type]
        direction=f"at_{side}",  # type: ignore[arg-type]
        default=limit,
        source=source,
        **more,  # type: ignore[arg-type]
    )


_OWN = "Signal for annotation; no limit is published."

#: Every rule of images, in the order in which they are tried. Only what is broken for every purpose is on.
IMAGE_RULES: tuple[Rule, ...] = (
    _rule(
        "too_small",
        "the length of the shorter side, in pixels",
        shorter_side_px,
        16.0,
        "least",
        "LAION-5B keeps images for training from 64 px (Schuhmann et al. 2022); small icons stay here.",
        signal="shorter_side_px",
        published={"laion": 64.0},
    ),
    _rule(
        "extreme_aspect",
        "the longer side divided by the shorter one",
        aspect,
        10.0,
        "most",
        "LAION-400M and DataComp keep aspects up to 3 (Gadre et al. 2023).",
        signal="aspect",
        published={"datacomp": 3.0},
    ),
    _rule(
        "near_solid",
        "the share of the pixels that have nearly the median colour",
        solid_share,
        0.99,
        "most",
        "Share within 4 shades of the median colour of every channel; an image of one colour.",
        signal="solid_share",
    ),
    _rule(
        "low_entropy",
        "the entropy of the shades of grey, in bits",
        entropy_bits,
        0.2,
        "least",
        "Shannon 1948; photos have 6 to 8 bits, drawings 1 to 4.",
        signal="entropy_bits",
    ),
    _rule(
        "blurred",
        "the variance of the Laplacian at 256 px",
        sharpness,
        None,
        "least",
        "Pech-Pacheco et al. 2000; 100 is the limit that is most often named, for photos.",
        signal="sharpness",
        published={"sharp": 100.0},
    ),
    _rule(
        "too_dark",
        "the mean shade of grey, from 0 to 255",
        brightness,
        None,
        "least",
        "No limit is published; 20 is nearly black.",
        signal="brightness",
    ),
    _rule(
        "underexposed",
        "the share of the pixels that are as good as black",
        clipped_dark_share,
        None,
        "most",
        "Clipped shadows; drawings on black have many.",
        signal="clipped_dark_share",
    ),
    _rule(
        "overexposed",
        "the share of the pixels that are as good as white",
        clipped_bright_share,
        None,
        "most",
        "Clipped lights; product photos on white have many.",
        signal="clipped_bright_share",
    ),
    _rule(
        "letterboxed",
        "the share of the height or width in dark bars on two opposite sides",
        bars_share,
        None,
        "most",
        "No limit is published; 0.1 is a film frame in a wider one.",
        signal="bars_share",
    ),
    _rule(
        "colourless",
        "how colourful it is",
        colourfulness,
        None,
        "least",
        "Hasler and Suesstrunk 2003; 15 is slightly colourful.",
        signal="colourfulness",
    ),
    _rule(
        "greyscale",
        "how grey it is: 1 without any colour, else 0",
        is_greyscale,
        None,
        "most",
        _OWN,
        signal="is_greyscale",
    ),
    _rule(
        "lying",
        "how it lies: -1 upright, 0 square, 1 lying",
        orientation,
        None,
        "most",
        _OWN,
        signal="orientation",
    ),
)
