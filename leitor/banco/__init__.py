"""O SQLite: tudo o que fala com ele para ler."""
