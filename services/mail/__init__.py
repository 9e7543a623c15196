"""The mail service: mail and text messages, in and out.

Duty: take mail for sessions' addresses, deliver queued mail, keep the ledger of what became of it.
Consumes: nothing yet; SendMail (`mail.outbound`) comes with delivery.
Publishes: nothing yet; DeliverMail comes with receiving.
Owns: the schema `mail` (deliveries).
"""
