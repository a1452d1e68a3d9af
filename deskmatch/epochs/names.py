"""One vocabulary out of what the experts and the tickets name.

Names are the desk's own. They are compared without upper and lower case, because the two tables mostly come
from two systems ("EN" here, "en" there); the experts' spelling is the one that stays. Mentions that are spelt
otherwise are counted, so that nothing happens silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deskmatch.epochs.cells import fold
from deskmatch.epochs.vocabulary import Vocabulary

__all__ = ["Naming", "name_codes"]


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """A vocabulary and the code of every spelling.

    Parameters
    ----------
    vocabulary : the names, sorted.
    code : from each spelling to its code.
    respelt : how many mentions are spelt otherwise than in the vocabulary.
    """

    vocabulary: Vocabulary
    code: dict[str, int]
    respelt: int


def name_codes(experts: Iterable[str], tickets: Iterable[str]) -> Naming:
    """Give a code to every name that experts or tickets mention.

    Of several spellings the least in the order of code points stays, the experts' before the tickets': the
    order of the rows does not matter.

    Examples
    --------
    >>> naming = name_codes(["de", "en", "en"], ["EN", "fr"])
    >>> naming.vocabulary.names, naming.code["EN"], naming.respelt
    (('de', 'en', 'fr'), 1, 1)
    """
    chosen: dict[str, str] = {}
    mentions = (_counts(experts), _counts(tickets))
    for counts in mentions:
        ours: dict[str, str] = {}
        for name in sorted(counts):
            ours.setdefault(fold(name), name)
        chosen = ours | chosen
    vocabulary = Vocabulary(tuple(sorted(chosen.values())))
    spelling = {name: chosen[fold(name)] for counts in mentions for name in counts}
    respelt = sum(count for counts in mentions for name, count in counts.items() if spelling[name] != name)
    return Naming(vocabulary, {name: vocabulary.code(kept) for name, kept in spelling.items()}, respelt)


def _counts(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
