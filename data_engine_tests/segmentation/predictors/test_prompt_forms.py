import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import checked_prompt, crop_of
from data_engine.segmentation.predictors.prompt_forms import form_of, longest_side, padded

IMAGE = np.full((60, 100, 3), 200, dtype=np.uint8)
SAM = ("image_embeddings", "point_coords", "point_labels")


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (SAM, "SAM"),
        (("image_embed", "high_res_feats_0", "point_coords"), "SAM 2"),
        (("image_embeddings", "image_features_0", "point_coords"), "SAM 2"),
        (("image_embeddings", "batched_point_coords"), "EfficientSAM"),
    ],
)
def test_the_names_of_a_decoders_inputs_say_whose_form_it_has(names: tuple[str, ...], name: str) -> None:
    assert form_of(names, "decoder.onnx").name == name


def test_another_form_is_refused_with_the_names_that_it_has() -> None:
    with pytest.raises(InvalidInput, match=r"decoder\.onnx takes input_labels, input_points; a decoder of Eff"):
        form_of(("input_points", "input_labels"), "decoder.onnx")


def test_an_image_is_filled_up_to_a_square_or_keeps_its_sides() -> None:
    square = padded(IMAGE, 50)
    assert square.shape == (1, 3, 50, 50) and (square[0, :, 30:] == 0).all() and (square[0, :, :30] != 0).all()
    assert longest_side(IMAGE, 50).shape == (30, 50, 3) and longest_side(IMAGE, 50).max() == 200


def test_places_are_in_the_pixels_that_the_encoder_was_given() -> None:
    crop = crop_of(IMAGE, *checked_prompt(IMAGE, [[0, 30], [50, 0], [100, 30], [50, 60]], [(50, 30, True)]))
    assert crop.pixels.shape == (96, 160, 3)
    of_sam = form_of(SAM, "").prompt(crop, 80, {})
    assert of_sam["point_coords"].tolist() == [[[0, 0], [80, 48], [40, 24], [40, 24]]]
    assert of_sam["point_labels"].tolist() == [[2, 3, 1, 1]]
    assert of_sam["mask_input"].shape == (1, 1, 20, 20) and of_sam["orig_im_size"].tolist() == [96, 160]
    stretched = form_of(("image_embed", "high_res_feats_0", "point_coords"), "").prompt(crop, 80, {})
    assert stretched["point_coords"][0, 1].tolist() == [80, 80]
    as_it_is = form_of(("batched_point_coords",), "").prompt(crop, 0, {})
    assert as_it_is["batched_point_coords"][0, 0, 1].tolist() == [320, 192]
    assert as_it_is["orig_im_size"].tolist() == [192, 320]
