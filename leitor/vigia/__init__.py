"""O vigia: ler de novo a cada intervalo, e dizer se está vivo."""
