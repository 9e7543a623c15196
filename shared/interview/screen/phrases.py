"""What a page says by itself, in the language of its screen: labels of buttons, messages, names for screen readers."""

from __future__ import annotations

from shared.interview.library.languages import has_own_words
from shared.interview.library.words import built_in_phrases
from shared.interview.screen.texts import Scene


def page_phrases(scene: Scene) -> dict[str, str]:
    """Shown text by English phrase, of the phrases that are shown as something else."""
    language = scene.run.language
    if language == "en" and not has_own_words(language):
        return {}
    said = ((phrase, scene.word(phrase)) for phrase in built_in_phrases())
    return {phrase: text for phrase, text in said if text != phrase}
