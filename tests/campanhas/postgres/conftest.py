"""Os dois programas no PostgreSQL; o servidor vem do plugin de tests/conftest.py."""

from tests.postgres.conftest import escritor_pg, leitor_pg

__all__ = ["escritor_pg", "leitor_pg"]  # os de lá, também aqui
