-- A sala do serviço web no PostgreSQL: o que é dele, e não do contrato, que fica em desafio2. Uma
-- transação só, que se pode repetir. O contêiner a roda no primeiro boot; em outro servidor, ou num
-- que já existia, quem é dono do banco, depois dos papéis (postgres/setup.sql):
--
--   psql -v ON_ERROR_STOP=1 -f web/servico.sql postgresql://DONO@HOST/desafio2

BEGIN;
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning;

-- A busca por letras do meio de um nome. Não precisa de superusuário: basta poder criar neste banco.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SCHEMA IF NOT EXISTS servico;

-- /db/test: quem passou por ali.
CREATE TABLE IF NOT EXISTS servico.acessos (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    quando timestamptz NOT NULL DEFAULT now()
);

-- As chaves de idempotência: a linha que cada uma gravou, e em que execução. O recibo se refaz delas; se
-- o elo já não é o do livro, a história é outra, e a chave, nova.
CREATE TABLE IF NOT EXISTS servico.chaves (
    chave     text COLLATE "C" PRIMARY KEY CHECK (octet_length(chave) <= 255),
    impressao text COLLATE "C" NOT NULL,
    usuario   bigint NOT NULL,
    execucao  bigint NOT NULL,
    elo       text COLLATE "C" NOT NULL,
    criada_em timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS chaves_criada_em ON servico.chaves (criada_em);

-- O índice da busca: uma cópia dos textos, em minúsculas, que persegue o livro e se pode apagar. Um
-- índice em desafio2.usuarios mudaria o esquema do contrato (regra A4).
CREATE TABLE IF NOT EXISTS servico.busca (
    id    bigint PRIMARY KEY,
    texto text COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS busca_texto ON servico.busca USING gin (texto gin_trgm_ops);
-- Até que id ele vai, e de que história: uma linha só.
CREATE TABLE IF NOT EXISTS servico.indexado (
    um       boolean PRIMARY KEY DEFAULT true CHECK (um),
    execucao bigint NOT NULL,
    elo      text COLLATE "C" NOT NULL,
    ate      bigint NOT NULL
);

REVOKE ALL ON ALL TABLES IN SCHEMA servico FROM PUBLIC, escritor, leitor;
GRANT USAGE ON SCHEMA servico TO escritor, leitor;
GRANT SELECT, INSERT ON servico.acessos TO escritor;
GRANT SELECT, INSERT, UPDATE, DELETE ON servico.chaves TO escritor;
GRANT SELECT, INSERT, TRUNCATE ON servico.busca TO escritor;
GRANT SELECT, INSERT, DELETE ON servico.indexado TO escritor;
GRANT SELECT ON servico.busca, servico.indexado TO leitor;

COMMIT;
