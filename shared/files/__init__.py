"""File records, grants and contents: what sessions receive and make.

Owns the PostgreSQL schema `files`. Contents lie in a directory or an S3-compatible store, sealed under the session's
data key; records say whose they are.
"""
