"""What a customer wrote now: without the thread that is quoted below it, and without the signature."""

from __future__ import annotations

import re

__all__ = ["latest_message"]

MOST_LINE = 300
"""Characters of a line that are looked at: a header or a greeting is no longer."""
MOST_SIGNATURE = 8
"""Lines below a closing word that may still be a signature; more are text."""

QUOTED = re.compile(r"^\s{0,3}[>|]")
SEPARATOR = re.compile(r"^\s*[-_=*]{2,}\s*[\w ,.'ÄÖÜäöüßéèêàçñ]{4,60}[-_=*]{2,}\s*$|^_{10,}\s*$")
HEADER = re.compile(
    r"^\s*\**(from|sent|to|date|subject|cc|von|gesendet|an|datum|betreff|de|envoyé|à|objet|enviado|para|asunto|"
    r"assunto|da|inviato|a|oggetto|data|van|verzonden|aan|onderwerp|kimden|gönderildi|kime|konu|发件人|发送时间|收件人|"
    r"主题|差出人|送信日時|宛先|件名)\**\s*[:：]",
    re.IGNORECASE,
)
WROTE = re.compile(
    r"(wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|yazdı|写道|写了|のメッセージ|كتب).{0,80}[:：]\s*$",
    re.IGNORECASE,
)
DATED = re.compile(r"\d")
CLOSING = re.compile(
    r"^\s*(--\s*$|sent from my |get outlook for |von meinem .{0,20}gesendet|envoyé de mon|inviato da|enviado desde|"
    r"((with )?(kind|best|warm|many)[ a-z]{0,20}(regards|wishes)|regards|best|cheers|sincerely|yours [a-z]+|thanks|"
    r"thank you|many thanks|mit freundlichen grüßen|mit freundlichen gruessen|freundliche grüße|viele grüße|"
    r"beste grüße|mfg|lg|cordialement|bien cordialement|un saludo|saludos|atentamente|cordiali saluti|distinti saluti|"
    r"met vriendelijke groet(en)?|groetjes|saygılarımla|atenciosamente|よろしくお願いします|此致)\s*[,.!]*\s*$)",
    re.IGNORECASE,
)


def latest_message(text: str) -> str:
    """A text without the quoted thread and the signature; as it is where nothing else would be left.

    Quoted are lines that begin with ``>``, all that follows a separator with words (``--- Original Message ---``), a
    line that says who wrote when, or a block of two or more mail headers, in ten languages, unless nothing stands
    above: then the message is below (a forwarded mail). A signature begins at ``-- `` or at a closing such as “Kind
    regards” of which at most `MOST_SIGNATURE` lines follow. Takes time linear in the length.

    Examples
    --------
    >>> latest_message("My card is lost.\\n\\nKind regards,\\nAna\\n\\nOn 3 May 2025, the desk wrote:\\n> Hello Ana")
    'My card is lost.'
    >>> latest_message("Thanks")
    'Thanks'
    """
    if "\n" not in text:
        return text
    lines = text.splitlines()
    own = _without_signature(_above_thread(lines))
    kept = "\n".join(line for line in own if not QUOTED.match(line)).strip()
    return kept if any(map(str.isalnum, kept)) else text


def _above_thread(lines: list[str]) -> list[str]:
    """The lines above the first that begins a quoted thread, if any words stand above it."""
    written = False
    for row, line in enumerate(lines):
        if written and _begins_thread(lines, row):
            return lines[:row]
        written = written or (any(map(str.isalnum, line)) and not _is_frame(lines, row))
    return lines


def _begins_thread(lines: list[str], row: int) -> bool:
    line = lines[row][:MOST_LINE]
    if SEPARATOR.match(line) or _is_block(lines, row):
        return True
    both = f"{line} {lines[row + 1][:MOST_LINE]}" if row + 1 < len(lines) else line
    return any(WROTE.search(said) is not None and DATED.search(said) is not None for said in (line, both))


def _is_frame(lines: list[str], row: int) -> bool:
    """Whether a line is a header, a quoted line or a separator: nothing that somebody wrote."""
    line = lines[row][:MOST_LINE]
    return any(pattern.match(line) is not None for pattern in (HEADER, QUOTED, SEPARATOR))


def _is_block(lines: list[str], row: int) -> bool:
    """Whether two of the next three lines with text are mail headers, this one among them."""
    if not HEADER.match(lines[row][:MOST_LINE]):
        return False
    following = [line for line in lines[row + 1 : row + 4] if line.strip()][:2]
    return any(HEADER.match(line[:MOST_LINE]) for line in following)


def _without_signature(lines: list[str]) -> list[str]:
    """The lines above a closing near the end."""
    below = 0
    for row in range(len(lines) - 1, 0, -1):
        if CLOSING.match(lines[row][:MOST_LINE]) and any(line.strip() for line in lines[:row]):
            return lines[:row]
        below += bool(lines[row].strip())
        if below > MOST_SIGNATURE:
            break
    return lines
