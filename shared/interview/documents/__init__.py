"""Documents as files: read, made, converted, put together, marked. Pure: paths in, paths out, in the folder of the run.

What needs another program or a server goes through the Host (convert.py). Markup of texts, templates and what authors
call stay in `library` and `screen`. Heavy libraries are imported where they are used, so that interviews without
documents do not pay for them.
"""
