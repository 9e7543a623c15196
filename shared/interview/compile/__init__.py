"""Raw blocks become dataclasses: code objects, templates, and the index *name → blocks that can define it*."""
