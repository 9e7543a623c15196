"""Addresses of sessions, received mail, transports (SMTP, Twilio) and their ledger.

Owns the PostgreSQL schema `mailbox`. Receiving and delivering are the mail service's; what is stored is here.
"""
