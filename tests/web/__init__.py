"""O serviço web, do que um cliente vê ao que sobra depois de uma queda."""
