"""Which release this is."""

from __future__ import annotations

RELEASE = "0.1.0"
"""As in pyproject.toml, which a test sees to. The image has our code and no metadata of a distribution to ask."""
