"""Every message that crosses the bus, and Screen: what the browser is shown. Frozen pydantic models.

A message may gain fields with defaults; a changed meaning is a new class. `schemas/` holds the generated
JSON Schemas; a test fails when a change to them is not additive.
"""
