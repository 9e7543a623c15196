"""The rooms every service may use. See ARCHITECTURE.md for who may import whom."""
