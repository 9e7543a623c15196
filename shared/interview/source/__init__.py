"""Text becomes raw blocks with positions: finding files, splitting, YAML 1.2, includes (spec/area4 §1)."""
