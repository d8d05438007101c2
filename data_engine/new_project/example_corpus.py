"""The example corpus of a new project: short notes about four subjects, made by rule, so that no data are shipped.

Where they are written is in `project_files.py`.
"""

import json
from random import Random

_SUBJECTS = {
    "baking": ("the dough", "a loaf of rye", "the oven", "fresh yeast", "a sheet of pastry", "the butter"),
    "gardens": ("the hedge", "a bed of roses", "the compost", "early seeds", "a row of beans", "the lawn"),
    "sailing": ("the mast", "a wet rope", "the tide", "our small boat", "a calm harbour", "the anchor"),
    "trains": ("the platform", "a late express", "the signal", "an old carriage", "the ticket office", "a long tunnel"),
}
_STARTS = (
    "This morning",
    "After lunch",
    "Before the rain",
    "For once",
    "Once again",
    "On Sunday",
    "As always",
    "At noon",
)
_VERBS = ("needed more care than", "looked better than", "came long before", "was nothing like", "reminded us of")
_ENDS = ("last year", "we had hoped", "the neighbours said", "in the book", "anybody thought", "the week before")


def example_rows(n: int = 400, seed: int = 0) -> list[dict[str, str]]:
    """n notes with id, text and subject; half of them are about baking, and a few repeat others word for word."""
    random = Random(seed)
    subjects = random.choices(list(_SUBJECTS), weights=[8, 4, 3, 1], k=n)
    rows = []
    for number, subject in enumerate(subjects):
        one, other = random.sample(_SUBJECTS[subject], 2)
        text = f"{random.choice(_STARTS)} {one} {random.choice(_VERBS)} {other}, more than {random.choice(_ENDS)}."
        rows.append({"id": f"note-{number:03d}", "text": text, "subject": subject})
    return rows


def example_lines() -> str:
    """The rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in example_rows())
