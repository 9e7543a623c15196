"""Accounts, privileges, and what opens what is somebody's: who somebody is and what they may do.

Owns the PostgreSQL schema `people`, of which store.py is the only writer. Used in process by the services that need it;
knows no answers, no browsers and no mail. `directory.py` is the way in for those who look people up, `sign_in.py` for
those who let them in.
"""
