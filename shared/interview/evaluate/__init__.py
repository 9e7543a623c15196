"""The evaluation loop: initial, mandatory, actions, seeking, posted forms (spec/area4 §4, §5)."""
