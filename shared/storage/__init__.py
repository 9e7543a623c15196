"""PostgreSQL and Redis: pool, transactions, migrations, and embedded servers for one machine."""
