"""The mail service: mail and text messages, in and out.

Duty: receive mail for sessions' addresses by SMTP, fetch the files of text messages, send what is queued, note what
comes back, send webhooks.
Consumes: SendMail (`mail.outbound`), for letters of accounts and mail of interviews that leaves after the save.
TakeMail and TakeText (`mail.inbound`), for mail and text messages that came through the gateway. WebhooksDue (live), a
doorbell for the webhooks it sends.
Publishes: DeliverMail, for every mail and text message that was kept for a session.
Owns: the schema `mail` (deliveries).
"""
