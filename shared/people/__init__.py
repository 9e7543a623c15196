"""Accounts, privileges, API keys: who somebody is and what they may do.

Owns the PostgreSQL schema `people`. Used in process by the services that need it; knows no answers. Sign-in, privileges
and keys of people are built here; until then every visitor is anonymous.
"""
