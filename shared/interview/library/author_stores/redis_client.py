"""DARedis: the Redis that belongs to authors (spec/area2 §9.4). Nothing here waits for the answers to be saved.

The client is imported by who uses it: most interviews never do, and every interview process would hold it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.interview.library import store_desk
from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.run import current_run

if TYPE_CHECKING:
    import redis

__all__ = ["DARedis"]

_SECONDS = 10


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    import redis

    return redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)


def _connected() -> redis.Redis:
    """Raises DAError when this server has no Redis for authors."""
    url = current_run().context.author_redis_url
    if not url:
        raise DAError("This server has no Redis for interviews: its operator sets COLLOQUY_AUTHOR_REDIS_URL")
    return _client(url)


@public
class DARedis(DAObject):
    """The commands of Redis as methods, and Python values by key. Not encrypted, and Back undoes nothing."""

    def key(self, keyname: str) -> str:
        """A key of this interview's own."""
        return f"{current_run().context.interview}:{keyname}"

    def get_data(self, key: str) -> Any:
        """A value kept with `set_data()`, or None."""
        found = _connected().get(key)
        if not isinstance(found, bytes):
            return None
        try:
            return store_desk.unpacked(found)
        except Exception:  # somebody else's bytes may be anything
            return None

    def set_data(self, key: str, data: Any, expire: int | None = None) -> None:
        """Keep a value, for some seconds if `expire` is given."""
        if expire is not None and (isinstance(expire, bool) or not isinstance(expire, int) or expire <= 0):
            raise DAError("set_data(): expire has to be a number of seconds above zero")
        _connected().set(key, store_desk.packed(data, f"The value for the key {key!r}"), ex=expire)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            import redis

            if callable(getattr(redis.Redis, name, None)):
                return getattr(_connected(), name)
        return super().__getattr__(name)
