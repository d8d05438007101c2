from pathlib import Path

import numpy as np
import pytest
from made_sounds import RATE_HZ, made

from data_engine.embedding import Encoder
from data_engine.embedding.sounds.audio_transformer import PREFIX, load_audio_transformer
from data_engine.errors import InvalidInput, SourceMissing
from data_engine.sound.clip import Clip, to_samples

CLIPS = [
    Clip(to_samples(made("speech", seed, seconds))[:, None], RATE_HZ)
    for seed, seconds in ((1, 1.0), (2, 0.5), (3, 1.0))
]


def _tiny(folder: Path, seed: int) -> str:
    """A random wav2vec2 of two small layers, as save_pretrained writes it."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(seed)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_kernel=(10, 8),
        conv_stride=(5, 4),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return f"{PREFIX}{folder}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_audio_transformer(_tiny(tmp_path_factory.mktemp("model") / "tiny", 1))


def test_any_model_at_a_path_gives_unit_rows_in_the_order_of_the_clips(tiny: Encoder) -> None:
    rows = tiny.encode(CLIPS)
    assert rows.shape == (3, 16) and tiny.dim == 16 and tiny.modality == "audio"
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = np.concatenate([tiny.encode([clip]) for clip in CLIPS])
    assert np.allclose(rows, alone, atol=1e-5)


def test_the_shortest_clip_has_an_embedding(tiny: Encoder) -> None:
    assert np.isfinite(tiny.encode([Clip(np.ones((1, 1), np.int16), 8_000)])).all()


def test_the_version_is_of_the_weights(tiny: Encoder, tmp_path: Path) -> None:
    assert tiny.version.startswith("tiny-")
    same, other = (load_audio_transformer(_tiny(tmp_path / str(seed) / "tiny", seed)) for seed in (1, 2))
    assert same.version == tiny.version != other.version


def test_what_is_no_model_of_sounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="give hf-audio/<folder that save_pretrained wrote>"):
        load_audio_transformer(f"{PREFIX}{tmp_path}")
    from transformers import BertConfig, BertModel, ViTImageProcessor

    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9)
    BertModel(config).save_pretrained(tmp_path)
    ViTImageProcessor().save_pretrained(tmp_path)
    with pytest.raises((InvalidInput, SourceMissing)):
        load_audio_transformer(f"{PREFIX}{tmp_path}")
