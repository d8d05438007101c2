"""Which class is meant by what was typed: its number, its name, the start of its name, or something like it.

Asking and answering is in `review.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Choice:
    """What was meant.

    Attributes:
        name: The class, where only one can be meant.
        near: Classes that may be meant otherwise, the nearest first.
        is_guess: Whether the first of `near` is only like what was typed, so that it is to be asked for.
    """

    name: str | None = None
    near: tuple[str, ...] = ()
    is_guess: bool = False


def chosen(said: str, classes: Sequence[str]) -> Choice:
    """The class that a text means; upper and lower case are the same where this leaves only one.

    A name goes before a number, so that classes may be called `1`, `2`; numbers count from 1 in the order of the
    classes, and only where no class is a number.
    """
    if said in classes:
        return Choice(said)
    folded = [name.casefold() for name in classes]
    wanted = said.casefold()
    same = [name for name, other in zip(classes, folded, strict=True) if other == wanted]
    if len(same) == 1:
        return Choice(same[0])
    if are_numbered(classes) and said.isdecimal() and 1 <= int(said) <= len(classes):
        return Choice(classes[int(said) - 1])
    begun = [name for name, other in zip(classes, folded, strict=True) if wanted and other.startswith(wanted)]
    if len(begun) == 1 and not same:
        return Choice(begun[0])
    if same or begun:
        return Choice(near=tuple(same or begun))
    like = [classes[folded.index(other)] for other in get_close_matches(wanted, folded, n=5, cutoff=0.3)]
    best = get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return Choice(near=tuple(like or classes[:5]), is_guess=bool(best))


def are_numbered(classes: Sequence[str]) -> bool:
    """Whether classes are listed with numbers to choose by: not where one of them is a number itself."""
    return not any(name.strip().isdecimal() for name in classes)


def listed(classes: Sequence[str]) -> str:
    """The classes in one paragraph, with their numbers where these can be typed."""
    numbered = are_numbered(classes)
    return "   ".join(f"{number} {name}" if numbered else name for number, name in enumerate(classes, start=1))
