"""The AsyncAPI document for services that publish actions into sessions: complete in one file, generated.

`shared/contracts/schemas/actions.asyncapi.json` holds it; catalog.py writes and checks it like the schemas.
"""

from __future__ import annotations

from typing import Any

from shared.contracts.events import ActionFinished, ActionRequested

EXCHANGE = "colloquy.actions"
CONTENT_TYPE = "application/cloudevents+json"
LARGEST_BYTES = 256 * 1024
DIRECT_REPLY = "amq.rabbitmq.reply-to"

_REQUEST_ID = "6f1c9a50-0001"
_SESSION = "BoJSwJHppIPFYtFEOeBU1y4koaM3L9zP"
_INTERVIEW = "colloquy.examples:data/questions/payment-received.yml"


def actions_document() -> dict[str, Any]:
    """AsyncAPI 3.0, seen from the publisher: it sends requests, and receives answers if it asks for them."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Actions of interview sessions",
            "version": "1",
            "description": "Publish a request, and the session runs the action, once for each id, in the order of its "
            f"publisher. Bodies are CloudEvents 1.0 in structured JSON of at most {LARGEST_BYTES} bytes. The property "
            "`user_id` must be the broker's user: the broker verifies it, and what that user may ask for is on the "
            "operator's list.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "actions": {
                "address": "action.{publisher}",
                "parameters": {"publisher": {"description": "The user of the broker that publishes."}},
                "messages": {"ActionRequested": {"$ref": "#/components/messages/ActionRequested"}},
                "bindings": {
                    "amqp": {
                        "is": "routingKey",
                        "exchange": {"name": EXCHANGE, "type": "topic", "durable": True},
                        "bindingVersion": "0.3.0",
                    }
                },
            },
            "answers": {
                "address": DIRECT_REPLY,
                "description": "Direct reply-to: consume this pseudo-queue without acknowledgements on the channel "
                "that publishes, and name it in the property `reply_to`.",
                "messages": {"ActionFinished": {"$ref": "#/components/messages/ActionFinished"}},
            },
        },
        "operations": {
            "request": {
                "action": "send",
                "channel": {"$ref": "#/channels/actions"},
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": "0.3.0"}},
                "reply": {"channel": {"$ref": "#/channels/answers"}},
            },
        },
        "components": {
            "messages": {
                "ActionRequested": {
                    "name": ActionRequested.type_name,
                    "contentType": CONTENT_TYPE,
                    "payload": _event(ActionRequested, "Who sends it, e.g. `/payments`."),
                    "examples": [{"payload": request_example()}],
                },
                "ActionFinished": {
                    "name": ActionFinished.type_name,
                    "contentType": CONTENT_TYPE,
                    "correlationId": {"location": "$message.header#/correlation_id"},
                    "payload": _event(ActionFinished, "`colloquy/session`."),
                },
            }
        },
    }


def request_example() -> dict[str, Any]:
    """A request as it is published."""
    return {
        "specversion": "1.0",
        "id": _REQUEST_ID,
        "source": "/payments",
        "type": ActionRequested.type_name,
        "datacontenttype": "application/json",
        "data": {
            "interview": _INTERVIEW,
            "session": _SESSION,
            "action": "payment_received",
            "arguments": {"amount": 50},
        },
    }


def _event(message: type[ActionRequested] | type[ActionFinished], source: str) -> dict[str, Any]:
    """The JSON Schema of the event around a message."""
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "description": "What makes two events of one publisher the same: the second has no effect.",
            },
            "source": {"type": "string", "minLength": 1, "description": source},
            "type": {"const": message.type_name},
            "time": {"type": "string", "format": "date-time"},
            "expirytime": {
                "type": "string",
                "format": "date-time",
                "description": "When it is delivered later than this, nothing is done.",
            },
            "datacontenttype": {"const": "application/json"},
            "data": message.model_json_schema(),
        },
    }
