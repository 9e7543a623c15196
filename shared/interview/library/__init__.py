"""What interview authors call: objects, functions, words. Importable as `docassemble.base.util` and siblings."""
