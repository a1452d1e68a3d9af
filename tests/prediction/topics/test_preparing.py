"""Personal data with a checkable form is masked, and only it; quoted threads and signatures are left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch.prediction.topics import Inquiries, Masking, detect_languages, latest_message, with_languages

pytest.importorskip("phonenumbers", reason="the extra text is not installed")

MASKING = Masking()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to Ana.B+x@mail.example.co.uk!", "write to [email]!"),
        ("4111-1111-1111-1111 and 5500 0000 0000 0004", "[card] and [card]"),  # published test numbers
        ("378282246310005.", "[card]."),
        ("４１１１１１１１１１１１１１１１", "[card]"),
        ("order 4111111111111112", "order 4111111111111112"),  # wrong check digit
        ("GB29 NWBK 6016 1331 9268 19 please", "[iban] please"),  # the registry's example
        ("DE89370400440532013000", "[iban]"),
        ("+1 415-555-2671 or 020 7946 0958", "[phone] or [phone]"),
        ("see https://u:p@shop.example.com:8080/a?token=123#x now", "see [link shop.example.com] now"),
        ("version 10.2.1, error 500, 3 of 12, 2024-05-03", "version 10.2.1, error 500, 3 of 12, 2024-05-03"),
        ("nothing here 🙂", "nothing here 🙂"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert MASKING([text]) == [masked]


@given(st.text(alphabet=st.sampled_from("0123456789 +-()./@:ab\nwhtps"), max_size=80))
def test_masking_never_fails_and_is_done_after_one_pass(text: str) -> None:
    once = MASKING([text])[0]
    assert "[email]" in once or "@" not in once or MASKING([once])[0].count("@") == once.count("@")


def test_a_megabyte_of_digits_or_signs_takes_no_time_to_mask() -> None:
    for text in ("1234567 " * 2500, "a@" * 10_000, "http://" * 2500, "AB12 " * 4000, "1" * 20_000):
        assert isinstance(MASKING([text])[0], str)
        assert isinstance(latest_message(text.replace(" ", "\n")), str)


THREADS = {
    "gmail": "My card is lost\n\nOn Mon, 3 Mar 2025 at 10:00, Desk <d@x.org> wrote:\n> Hello\n> how are you",
    "two lines": "My card is lost\n\nOn Mon, 3 Mar 2025 at 10:00, a desk with a long name\n<d@x.org> wrote:\n> Hello",
    "outlook": "My card is lost\n\n-----Original Message-----\nFrom: Desk\nSent: Monday\nTo: me\n\nHello",
    "german": "My card is lost\n\nVon: Desk <d@x.de>\nGesendet: Montag\nAn: ich\nBetreff: AW\n\nHallo",
    "french": "My card is lost\n\nLe 3 mars 2025 à 10:00, Desk a écrit :\n> Bonjour",
    "signature": "My card is lost\n\nKind regards,\nAna Smith\nACME Ltd, 1 Main Street",
    "dashes": "My card is lost\n-- \nAna Smith",
    "phone": "My card is lost\n\nSent from my iPhone",
    "interleaved": "> what happened?\nMy card is lost",
}


@pytest.mark.parametrize("name", THREADS)
def test_only_what_was_written_now_is_left(name: str) -> None:
    assert latest_message(THREADS[name]) == "My card is lost"


@pytest.mark.parametrize(
    "text",
    [
        "one line: From: here To: there",
        "> all of it\n> is quoted",
        "From: Ana\nSent: Monday\nTo: desk\n\nA forwarded message stays",
        "thanks\nfor the help, but\nit is broken",
        "",
    ],
)
def test_a_text_that_is_nothing_else_stays(text: str) -> None:
    assert latest_message(text) == text


def test_languages_are_detected_where_they_are_missing() -> None:
    pytest.importorskip("py3langid")
    texts = ["Where is my invoice, please?", "Wo ist bitte meine Rechnung?", "請求書はどこですか", "", "42 !!"]
    assert detect_languages(texts) == ("en", "de", "ja", None, None)
    asked = with_languages(Inquiries(texts, language=["fr", None, None, None, None]), among=["en", "de", "ja"])
    assert asked.language == ("fr", "de", "ja", None, None)
