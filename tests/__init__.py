"""Testes do par: sem Docker, um arquivo por comportamento; com Docker, em tests/docker."""
