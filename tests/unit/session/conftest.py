import os
import pytest


@pytest.fixture
def redis_url() -> str:
    return "redis://127.0.0.1:6379/9"
