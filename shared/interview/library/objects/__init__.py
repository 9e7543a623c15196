"""The classes of things interviews speak about: DAObject and everything derived from it (spec/area4 §6)."""
