"""The addresses of the gateway, a router per purpose; each is made from the desk and keeps nothing itself."""
