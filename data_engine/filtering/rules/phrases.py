"""Words and phrases that rules look for: English stop words, phrases of menus and footers.

The scores that count them are in `text_scores.py`.
"""

import re

#: The eight of Rae et al. 2021 (Gopher).
STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
#: Phrases of menus, banners and footers, in lower case.
BOILERPLATE = re.compile(
    r"\b(?:cookies?|privacy policy|terms (?:of|and) (?:use|service|conditions)|all rights reserved|subscribe|"
    r"sign (?:up|in)|log ?in|newsletters?|follow us|share (?:this|on)|read more|click here|contact us|about us|"
    r"skip to (?:main )?content|advertis(?:e|ements?|ing)|related (?:articles|posts|stories)|leave a (?:reply|comment)|"
    r"back to top|site ?map|powered by|copyright)\b|\u00a9"
)
#: A text without any of these holds no such phrase; looking for them is much faster than the pattern.
BOILERPLATE_HINTS = (
    "cookie", "privacy", "terms", "reserved", "subscribe", "sign ", "log", "newsletter", "follow us", "share ",
    "read more", "click", "contact", "about us", "skip to", "advertis", "related ", "leave a", "back to top", "site",
    "powered", "copyright", "\u00a9",
)  # fmt: skip
