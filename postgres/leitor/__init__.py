"""O leitor no PostgreSQL: as mesmas perguntas, a um servidor (veja leitor/porta.py)."""
