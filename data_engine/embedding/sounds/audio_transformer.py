"""Encoders of sounds from transformers: any model with a feature extractor, at a path or a name of the hub.

The encoder that needs no weights is in `log_mel.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress, weights_fingerprint
from data_engine.errors import InvalidInput, SourceMissing
from data_engine.sound.clip import Clip
from data_engine.sound.spectra import Values, mono_at

PREFIX = "hf-audio/"
_MOST_TOGETHER = 8


def load_audio_transformer(name: str) -> Encoder:
    """Load `hf-audio/<name or path>`: the model and feature extractor of a folder, of the hub's cache or of the hub.

    An embedding is what the model itself calls the features of a sound (`get_audio_features`, as CLAP has), else the
    mean over time of its last layer.

    Raises: SourceMissing when there is none of that name; InvalidInput when it takes no sounds.
    """
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    place = name.removeprefix(PREFIX)
    try:
        prepare: Any = AutoFeatureExtractor.from_pretrained(place)  # type: ignore[no-untyped-call]
        model = AutoModel.from_pretrained(place).eval()
    except (OSError, ValueError, KeyError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise SourceMissing(
            f"transformers cannot load {name!r} ({said}); give {PREFIX}<folder that save_pretrained wrote>, with its "
            "feature extractor"
        ) from error
    if not hasattr(prepare, "sampling_rate"):
        raise InvalidInput(f"the model of {name!r} takes no sounds: its extractor has no sampling_rate; name another")
    rate_hz = int(prepare.sampling_rate)
    with torch.inference_mode():
        dim = int(_features(model, prepare, rate_hz, [np.zeros(rate_hz, np.float32)]).shape[1])
    listener = _Listener(model, prepare, rate_hz, dim)
    settings = f"{prepare.to_json_string()} {model.config.to_json_string()}"
    version = f"{Path(place).name}-{weights_fingerprint(model.state_dict(), settings=settings)}"
    return Encoder(name=name, dim=dim, version=version, _embed=listener.embed, modality="audio")


@dataclass(frozen=True)
class _Listener:
    model: Any
    prepare: Any
    rate_hz: int
    dim: int

    def embed(self, items: Sequence[Clip], advance: Progress) -> NDArray[np.float32]:
        import torch

        rows = np.empty((len(items), self.dim), np.float32)
        with torch.inference_mode():
            for positions, values in self._of_equal_length(items):
                rows[positions] = torch.nn.functional.normalize(
                    _features(self.model, self.prepare, self.rate_hz, values), dim=1
                ).numpy()
                advance(len(positions))
        return rows

    def _of_equal_length(self, items: Sequence[Clip]) -> Iterator[tuple[list[int], list[Values]]]:
        """Sounds a few at a time, together only with others of their length: what is padded would change the others."""
        positions: list[int] = []
        values: list[Values] = []
        for position in sorted(range(len(items)), key=lambda at: items[at].duration_s):
            heard = mono_at(items[position], self.rate_hz)
            # A model sees nothing in less than a tenth of a second.
            heard = np.pad(heard, (0, max(0, self.rate_hz // 10 - len(heard))))
            if values and (len(values) == _MOST_TOGETHER or len(values[0]) != len(heard)):
                yield positions, values
                positions, values = [], []
            positions.append(position)
            values.append(heard)
        if values:
            yield positions, values


def _features(model: Any, prepare: Any, rate_hz: int, values: list[Values]) -> Any:
    """(n, dim) of n sounds of one length."""
    given = prepare(values, sampling_rate=rate_hz, return_tensors="pt")
    if hasattr(model, "get_audio_features"):
        found = model.get_audio_features(**given)
        return getattr(found, "pooler_output", found).float()
    return model(**given).last_hidden_state.float().mean(dim=1)
