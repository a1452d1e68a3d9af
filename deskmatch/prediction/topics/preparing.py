"""`Preparation`: what is done with a text before a model sees it, in training and afterwards alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deskmatch.prediction.topics.masking import REGIONS, Masking
from deskmatch.prediction.topics.threads import latest_message

__all__ = ["Preparation"]

BLANKS = re.compile(r"\s+|_x000d_", re.IGNORECASE)  # the second is how a spreadsheet writes a carriage return


@dataclass(frozen=True, slots=True)
class Preparation:
    """From what stands in a ticket to what a model reads.

    In this order: the quoted thread and the signature are left out (`latest_message`), personal data is masked
    (`Masking`), signs get their plain form (NFKC), blanks become one, and the text ends after `longest` characters.

    Parameters
    ----------
    mask : whether personal data is masked.
    regions : where national telephone numbers are looked for.
    latest_only : whether quoted threads and signatures are left out.
    longest : characters that are kept: what a ticket is about stands near its beginning.

    Examples
    --------
    >>> Preparation()(["Mail ana@example.org\\n\\n  now!\\n-- \\nAna"])
    ['Mail [email] now!']
    """

    mask: bool = True
    regions: tuple[str, ...] = REGIONS
    latest_only: bool = True
    longest: int = 2000

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The texts as a model reads them."""
        # Four times as much as is kept: threads and blanks go, and nothing depends on what stands behind.
        found = [text[: 4 * self.longest] for text in texts]
        if self.latest_only:
            found = [latest_message(text) for text in found]
        if self.mask:
            found = Masking(self.regions)(found)
        return [BLANKS.sub(" ", unicodedata.normalize("NFKC", text)).strip()[: self.longest] for text in found]

    def to_header(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "mask": self.mask,
            "regions": list(self.regions),
            "latest_only": self.latest_only,
            "longest": self.longest,
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Preparation:
        """What `to_header` wrote; ValueError where it is none."""
        kinds = {"mask": bool, "regions": list, "latest_only": bool, "longest": int}
        if set(header) != set(kinds) or any(type(header[name]) is not kind for name, kind in kinds.items()):
            raise ValueError("its preparation is none of ours")
        if not 1 <= header["longest"] <= 1_000_000 or not all(isinstance(region, str) for region in header["regions"]):
            raise ValueError("its preparation is none of ours")
        return cls(header["mask"], tuple(header["regions"]), header["latest_only"], header["longest"])
