"""Envelope keys, authenticated sealing, password hashes, signed tokens. No I/O but the server key file."""
