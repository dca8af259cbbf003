"""Languages: each has every word, with the same places to fill in."""

import re

import pytest

from callmeter.bills.words import Words, languages, line_label, words


def places(text: object) -> set[str]:
    return set(re.findall(r"{(\w+)}", str(text)))


def test_the_languages_are_there() -> None:
    assert set(languages()) >= {"de", "en", "es", "fr", "he"}


@pytest.mark.parametrize("language", languages())
def test_a_language_has_every_word_and_fills_in_what_english_does(language: str) -> None:
    own, english = words(language), words("en")
    written = {"money", "money_with_code", "long_day", "middle_day", "short_day", "month_and_year"}  # each its own way
    for word in Words.model_fields:
        assert getattr(own, word), word
        if word not in written:
            assert places(getattr(own, word)) == places(getattr(english, word)), word


def test_lines_of_invoices_read_as_words() -> None:
    assert line_label("en", "group", "uk-mobile") == "Calls: UK mobile"
    assert line_label("en", "number", "442079460101") == "Calls of +442079460101"
    assert line_label("en", "bundle") == "Calls outside bundles"
    assert line_label("de", "correction", period="2026-09") == "Korrekturen 2026-09"
