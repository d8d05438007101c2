"""Web pages of menus and sentences, whose content is known."""

import numpy as np


def pages(n: int) -> tuple[list[list[str]], list[list[bool]]]:
    """The lines of n pages, and which of them are content; the first pages are the same for every n."""
    generator = np.random.default_rng(0)
    words = ["cat", "mat", "black", "evening", "house", "garden", "slowly", "again", "the", "of", "and"]

    def sentence() -> str:
        return f"The {' '.join(generator.choice(words, 12))}."

    made = []
    for page in range(n):
        menu = [f"Menu {name}" for name in generator.choice(words, 5)]
        made.append([*menu, *(sentence() for _ in range(4 + page % 3)), "Share", *menu])
    return made, [[line.startswith("The ") for line in page] for page in made]
