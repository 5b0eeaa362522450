"""O escritor no PostgreSQL: tudo o que fala com o servidor para gravar."""
