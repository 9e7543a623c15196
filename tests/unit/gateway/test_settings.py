"""What a gateway can be told (services/gateway/settings.py)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.gateway.settings import GatewaySettings


@pytest.mark.parametrize("seconds", [0.0, 1.0, 6.0])
def test_pages_ask_every_second_at_most_or_never(seconds: float) -> None:
    assert GatewaySettings(check_in_seconds=seconds).check_in_seconds == seconds


@pytest.mark.parametrize("seconds", [-1.0, 0.999])
def test_more_often_than_every_second_is_refused(seconds: float) -> None:
    with pytest.raises(ValidationError, match="check_in_seconds"):
        GatewaySettings(check_in_seconds=seconds)
