"""The fixed texts of a page: in the language of the interview, by the author's words where there are any."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language.screen.playing import Play

Open = Callable[[str], Play]

_ASKS = """
initial: True
code: |
  set_language({language!r})
  {more}
---
mandatory: True
question: |
  Name?
fields:
  - Name: name
  - Color: color
    choices: [red, blue]
  - Happy: happy
    datatype: yesnoradio
  - Age: age
    datatype: integer
    min: 18
---
mandatory: True
question: ${{ comma_and_list('A', 'B') }}
"""


def _asking(language: str, more: str = "pass") -> str:
    return _ASKS.format(language=language, more=more)


@pytest.mark.parametrize(
    ("language", "label", "required", "both"),
    [
        ("en", "Continue", "You need to fill this in.", "A and B"),
        ("es", "Continuar", "Tiene que rellenar este campo.", "A y B"),
        ("fr", "Continuer", "Vous devez remplir ce champ.", "A et B"),
        ("de", "Weiter", "Bitte füllen Sie dieses Feld aus.", "A und B"),
        ("pt-BR", "Continuar", "Você precisa preencher este campo.", "A e B"),
        ("it", "Continua", "Devi compilare questo campo.", "A e B"),
        ("nl", "Continue", "This field is required.", "A and B"),
    ],
)
def test_what_the_page_says_is_in_the_language_of_the_interview(
    play: Open, language: str, label: str, required: str, both: str
) -> None:
    p = play(_asking(language))
    assert p.screen.continue_label_html == label
    assert p.field("name").validation_messages["required"] == required
    p.post(name="Ann", color="red", happy="True", age="20")
    assert p.screen.question_text == both


def test_the_page_is_told_only_what_it_says_otherwise(play: Open) -> None:
    assert play(_asking("en")).screen.phrases == {}
    phrases = play(_asking("de")).screen.phrases
    assert phrases["Select..."] == "Bitte wählen ..."
    assert "Name" not in phrases


def test_words_of_the_author_go_first_in_every_language(play: Open) -> None:
    own = "update_word_collection({language!r}, {{'Continue': 'Verder', 'Help': 'Hulp'}})"
    dutch = play(_asking("nl", own.format(language="nl")))
    assert dutch.screen.continue_label_html == "Verder"
    assert dutch.screen.help_label_text == "Hulp"
    assert dutch.screen.phrases == {"Continue": "Verder", "Help": "Hulp"}
    english = play(_asking("en", own.format(language="en")))
    assert english.screen.continue_label_html == "Verder"


def test_messages_of_limits_are_translated_with_the_limit(play: Open) -> None:
    messages = play(_asking("fr")).field("age").validation_messages
    assert messages["min"] == "Vous devez saisir un nombre supérieur ou égal à 18."
    assert messages["integer"] == "Veuillez saisir un nombre entier."
    assert messages["number"] == "Vous devez saisir un nombre."
