"""What all messages share: frozen models, their routing, and values that only leave the process sealed."""

from __future__ import annotations

import base64
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializationInfo,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema, to_json

JsonObject = dict[str, Any]
T = TypeVar("T")


class Sealer(Protocol):
    """Authenticated encryption under the server's transport key (shared.crypto fits this)."""

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Encrypt; `purpose` is bound to the result and must be named again to open it."""
        ...

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Decrypt; raises an error of shared.crypto when tampered with, truncated or meant for something else."""
        ...


class Sealed(Generic[T]):
    """A value that may hold answers, secrets or texts: readable in this process, AES-GCM everywhere else.

    In JSON it is `{"sealed": "<base64>"}`. Dumping or validating that form needs a `Sealer` in the pydantic
    context under "sealer"; without one, dumping raises. What stands under "about" (which message it is) is bound to
    the sealed bytes, so that they open in no other message. `repr` never shows the value.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Sealed(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.value == other.value

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        arguments = getattr(source, "__args__", (Any,))
        inner = handler.generate_schema(arguments[0])
        holder = core_schema.no_info_after_validator_function(lambda value: value, inner)

        def validate(given: Any, proceed: Any, info: ValidationInfo) -> Sealed[Any]:
            if isinstance(given, Sealed):
                return cls(proceed(given.value))
            context = info.context if isinstance(info.context, dict) else {}
            sealer = context.get("sealer")
            if sealer is None or not isinstance(given, dict) or not isinstance(given.get("sealed"), str):
                raise ValueError("a sealed value and the key to open it are needed here")
            plain = sealer.open(base64.b64decode(given["sealed"]), purpose=_purpose(context))
            return cls(proceed(orjson.loads(plain)))

        def dump(sealed: Sealed[Any], proceed: Any, info: SerializationInfo) -> Any:
            context = info.context if isinstance(info.context, dict) else {}
            sealer = context.get("sealer")
            if sealer is None:
                raise ValueError("a sealed value leaves the process only with a sealer")
            value = proceed(sealed.value)
            try:
                plain = orjson.dumps(value)
            except TypeError:  # integers beyond 64 bits, which orjson reads as floats
                plain = to_json(value)
            return {"sealed": base64.b64encode(sealer.seal(plain, purpose=_purpose(context))).decode()}

        return core_schema.with_info_wrap_validator_function(
            validate,
            holder,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                dump, is_field_serializer=False, info_arg=True, schema=inner
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonObject:
        return {
            "type": "object",
            "properties": {"sealed": {"type": "string", "contentEncoding": "base64"}},
            "required": ["sealed"],
            "description": "AES-256-GCM under the server's transport key",
            "x-sealed-value": handler(schema),
        }


def _purpose(context: dict[str, Any]) -> str:
    return f"message {context.get('about', '')}"


class Message(BaseModel):
    """One thing said on the bus. Unknown fields are ignored, so that a newer sender can talk to us."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type_name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.type_name = f"colloquy.{cls.__name__}"


class Command(Message):
    """An order to one service. `queue` is where it waits; imperative name."""

    queue: ClassVar[str] = ""

    def __init_subclass__(cls, *, queue: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if queue:
            cls.queue = queue


class Event(Message):
    """Something that happened, for whoever listens. `topic` is its routing key; past-tense name."""

    topic: ClassVar[str] = ""

    def __init_subclass__(cls, *, topic: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if topic:
            cls.topic = topic


class Reply(Message):
    """The answer to a request made with direct reply-to; transient."""
