"""O par D das medições: o laço dos exemplos comuns, um execute e um print por linha."""

import csv
import sqlite3
import sys

if __name__ == "__main__":
    arquivo, banco = sys.argv[1:]
    conexao = sqlite3.connect(banco)
    cursor = conexao.cursor()
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS usuarios (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "nome TEXT NOT NULL, email TEXT UNIQUE NOT NULL, criado_em TEXT NOT NULL)"
    )
    with open(arquivo, newline="", encoding="utf-8") as fluxo:  # noqa: PTH123 - como nos exemplos
        for linha in csv.DictReader(fluxo):
            cursor.execute(
                "INSERT INTO usuarios (nome, email, criado_em) VALUES (?, ?, ?)",
                (linha["nome"], linha["email"], "2025-12-01T00:00:00Z"),
            )
            print(f"Inserido: {linha['nome']} <{linha['email']}>")
    conexao.commit()
    conexao.close()
