"""The English dictionary of `word()`: built-in phrases whose shown text differs (spec/area4 §5.6)."""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "This field is required.": "You need to fill this in.",
    "Country Code": "Country Code (e.g., “us”)",
    "First Subdivision": "State Abbreviation (e.g., “NY”)",
    "Second Subdivision": "County",
    "Third Subdivision": "Municipality",
    "Please enter a valid date.": "You need to enter a valid date.",
    "Please enter a valid number.": "You need to enter a number.",
    "Please enter a valid email address.": "You need to enter a complete e-mail address.",
}
