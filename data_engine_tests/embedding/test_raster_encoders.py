from data_engine.embedding import encoder_names, load_encoder


def test_tiles_have_encoders_of_their_own_and_those_of_images() -> None:
    names = encoder_names("raster")
    assert {"efficientnet-lite0", "spectral-statistics", "spectral-statistics/<bands>"} < set(names)
    assert "spectral-statistics" not in encoder_names("image")
    encoder = load_encoder("spectral-statistics/4")
    assert (encoder.modality, encoder.max_side_px) == ("raster", 0)
