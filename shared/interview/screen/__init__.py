"""What to ask, as data: texts, fields, choices, buttons, parts (spec/area4 §2.3–§2.9, §4.5, §7, §8)."""
