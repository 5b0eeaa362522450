"""Os dados do serviço, com os mesmos testes sobre os dois motores."""
