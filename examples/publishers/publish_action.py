"""Publish an action into a session, and wait for how it ended. Needs aio-pika, and nothing of Colloquy.

    python publish_action.py --url amqp://payments:secret@broker/ \
        --interview colloquy.examples:data/questions/payment-received.yml \
        --session BoJSwJHppIPFYtFEOeBU1y4koaM3L9zP --action payment_received --arguments '{"amount": 50}'

The same `--id` again has no effect: it is told how the first one ended.
"""

import argparse
import asyncio
import json
import sys
import uuid
from urllib.parse import unquote, urlsplit

import aio_pika

DIRECT_REPLY = "amq.rabbitmq.reply-to"


async def publish(given: argparse.Namespace) -> dict[str, object]:
    """Publish one request; gives the data of `ActionFinished`."""
    user = unquote(urlsplit(given.url).username or "guest")
    event = {
        "specversion": "1.0",
        "id": given.id,
        "source": f"/{user}",
        "type": "colloquy.ActionRequested",
        "datacontenttype": "application/json",
        "data": {
            "interview": given.interview,
            "session": given.session,
            "action": given.action,
            "arguments": json.loads(given.arguments),
        },
    }
    async with await aio_pika.connect(given.url) as connection, connection.channel() as channel:
        answers: asyncio.Queue[bytes] = asyncio.Queue()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            await answers.put(message.body)

        replies = await channel.get_queue(DIRECT_REPLY, ensure=False)
        await replies.consume(take, no_ack=True)
        exchange = await channel.get_exchange(given.exchange, ensure=False)
        message = aio_pika.Message(
            json.dumps(event).encode(),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            user_id=user,  # the broker refuses the name of another user
            reply_to=DIRECT_REPLY,
            correlation_id=given.id,
        )
        await exchange.publish(message, routing_key=f"action.{user}", mandatory=True)
        async with asyncio.timeout(given.timeout):
            data: dict[str, object] = json.loads(await answers.get())["data"]
            return data


def main() -> int:
    """The command; 0 when the action is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="amqp://user:password@host/vhost")
    parser.add_argument("--exchange", default="colloquy.actions")
    parser.add_argument("--interview", required=True)
    parser.add_argument("--session", required=True)
    parser.add_argument("--action", required=True)
    parser.add_argument("--arguments", default="{}", help="a JSON object")
    parser.add_argument("--id", default=str(uuid.uuid4()), help="the same twice is one request")  # noqa: TID251
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for the end")
    finished = asyncio.run(publish(parser.parse_args()))
    sys.stdout.write(json.dumps(finished) + "\n")
    return 0 if finished["status"] == "done" else 1


if __name__ == "__main__":
    raise SystemExit(main())
