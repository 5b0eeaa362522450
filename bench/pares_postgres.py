"""Os pares que são Python: `pares_postgres.py {pandas|insert} BANCO ARQUIVO.csv`, de 4 colunas.

pandas.to_sql, como se escreve sem pensar em velocidade; e um INSERT por linha, numa transação só.
"""

import csv
import sys

INSERE = "INSERT INTO desafio2.usuarios (id, nome, email, criado_em) VALUES (%s, %s, %s, %s)"


def com_pandas(banco: str, arquivo: str) -> None:
    """O arquivo inteiro num DataFrame, e ele numa tabela."""
    import pandas  # type: ignore[import-untyped] # noqa: PLC0415 - só este par o usa
    import sqlalchemy  # type: ignore[import-not-found] # noqa: PLC0415

    motor = sqlalchemy.create_engine(banco.replace("postgresql:", "postgresql+psycopg:"))
    tabela = pandas.read_csv(arquivo, keep_default_na=False)
    tabela.to_sql("usuarios", motor, schema="desafio2", if_exists="append", index=False)


def com_insert(banco: str, arquivo: str) -> None:
    """O laço dos exemplos comuns."""
    import psycopg  # noqa: PLC0415 - só este par o usa

    with psycopg.connect(banco) as con, open(arquivo, newline="", encoding="utf-8") as fluxo:  # noqa: PTH123
        linhas = csv.reader(fluxo)
        next(linhas)
        for linha in linhas:
            con.execute(INSERE, linha)


if __name__ == "__main__":
    par, *argumentos = sys.argv[1:]
    {"pandas": com_pandas, "insert": com_insert}[par](*argumentos)
