"""What letters say that are written in more than one place. Pure."""

from __future__ import annotations


def invitation(site: str, link: str, inviter: str) -> tuple[str, str]:
    """Subject and text of a letter that asks somebody to make an account."""
    text = (
        f"{inviter or 'Somebody'} invites you to make an account. Open this link and choose a password:\n\n{link}\n\n"
        "It works once, for two weeks.\n"
    )
    return f"You are invited to {site}", text
