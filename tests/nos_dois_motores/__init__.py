"""O que um motor de banco tem de fazer: o mesmo, por processos, no SQLite e no PostgreSQL."""
