"""How annotators are named where everybody reads: in checks, reports, the ledger and SQL marts.

Their names are in the queue and in the table of answers; on the review page reviewers see name and code side by side.
"""

from hashlib import sha256


def shown_annotator(name: str) -> str:
    """A code that is the same everywhere, `annotator-` and six hexadecimal digits; simulated ones keep their name.

    It hides a name from readers. Who guesses the name can make its code, so it is no secret.
    """
    is_person = not name.startswith("simulated:")
    return f"annotator-{sha256(name.encode()).hexdigest()[:6]}" if is_person else name
