-- O contrato 1 no PostgreSQL: papéis, tabelas, direitos e travas. Uma transação só, que se pode
-- repetir: ou fica tudo, ou não fica nada. O contêiner a roda no primeiro boot; em outro servidor,
-- quem pode criar papéis e é dono do banco (em UTF-8) a roda com
--
--   psql -v ON_ERROR_STOP=1 -f postgres/setup.sql postgresql://DONO@HOST/desafio2
--
-- e depois dá a escritor e leitor as senhas: \password escritor

BEGIN;
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning;

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'o banco % não está em UTF-8, e o contrato pede que esteja', current_database()
            USING HINT = 'crie outro: CREATE DATABASE desafio2 ENCODING ''UTF8'' TEMPLATE template0';
    END IF;
END
$$;

-- Papéis ---------------------------------------------------------------------------------------
-- dono não entra no servidor: existe para que tabelas e funções não sejam de um superusuário.

DO $$
DECLARE
    papel record;
BEGIN
    FOR papel IN
        SELECT * FROM (VALUES ('dono', 'NOLOGIN'), ('escritor', 'LOGIN'), ('leitor', 'LOGIN')) AS p (nome, entra)
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = nome)
    LOOP
        EXECUTE format('CREATE ROLE %I %s', papel.nome, papel.entra);
    END LOOP;

    -- A sessão do leitor nasce só de leitura. Ele poderia desfazê-lo; a barreira são os direitos.
    IF NOT EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = 'leitor' AND 'default_transaction_read_only=on' = ANY (rolconfig)
    ) THEN
        ALTER ROLE leitor SET default_transaction_read_only = on;
    END IF;

    -- Quem não é superusuário só age como dono se for membro dele; quem acabou de criá-lo pode sê-lo.
    IF NOT pg_has_role('dono', 'USAGE') THEN
        EXECUTE format('GRANT dono TO %I', current_user);
    END IF;
    FOR papel IN
        SELECT * FROM (VALUES
            ('dono', 'CREATE'), ('dono', 'TEMPORARY'),
            ('escritor', 'CONNECT'), ('escritor', 'TEMPORARY'), ('leitor', 'CONNECT')
        ) AS p (nome, direito)
        WHERE NOT has_database_privilege(nome, current_database(), direito)
    LOOP
        EXECUTE format('GRANT %s ON DATABASE %I TO %I', papel.direito, current_database(), papel.nome);
    END LOOP;
END
$$;

-- amcheck --------------------------------------------------------------------------------------
-- Confere índices e páginas por dentro. Só um superusuário o instala; sem ele, o leitor confere o
-- resto e diz que este ficou de fora.

DO $$
DECLARE
    funcao regprocedure;
BEGIN
    CREATE EXTENSION IF NOT EXISTS amcheck;
    FOR funcao IN
        SELECT p.oid FROM pg_proc AS p
        JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        WHERE e.extname = 'amcheck' AND p.proname IN ('bt_index_check', 'verify_heapam')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO leitor', funcao);
    END LOOP;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE WARNING 'amcheck ficou de fora: %', SQLERRM;
END
$$;

-- Tabelas --------------------------------------------------------------------------------------
-- As duas do contrato. Em usuarios os CHECK são só o que quase nada custa numa carga (uma expressão
-- regular por coluna a dobraria); quem confere o contrato inteiro é o leitor. COLLATE "C" compara
-- bytes, e não muda com a máquina nem com a versão.

SET LOCAL ROLE dono;

CREATE SCHEMA IF NOT EXISTS desafio2;
SET LOCAL search_path = desafio2;

CREATE TABLE IF NOT EXISTS usuarios (
    id        bigint NOT NULL,
    nome      text COLLATE "C" NOT NULL,
    email     text COLLATE "C" NOT NULL,
    criado_em text COLLATE "C" NOT NULL,
    CONSTRAINT usuarios_pkey PRIMARY KEY (id),
    CONSTRAINT usuarios_id CHECK (id BETWEEN 1 AND 4611686018427387904),
    CONSTRAINT usuarios_nome CHECK (octet_length(nome) BETWEEN 1 AND 4000),
    CONSTRAINT usuarios_email CHECK (octet_length(email) BETWEEN 3 AND 254),
    CONSTRAINT usuarios_criado_em CHECK (criado_em LIKE '____-__-__T__:__:__Z')
);
CREATE UNIQUE INDEX IF NOT EXISTS usuarios_email ON usuarios (lower(email COLLATE "C"));

CREATE TABLE IF NOT EXISTS execucoes (
    id           bigint NOT NULL,
    origem       text COLLATE "C" NOT NULL,
    container    text COLLATE "C" NOT NULL,
    versao       text COLLATE "C" NOT NULL,
    iniciada_em  text COLLATE "C" NOT NULL,
    concluida_em text COLLATE "C" NOT NULL,
    lidos        bigint NOT NULL,
    inseridos    bigint NOT NULL,
    repetidos    bigint NOT NULL,
    primeiro_id  bigint,
    ultimo_id    bigint,
    total        bigint NOT NULL,
    lacre        text COLLATE "C" NOT NULL,
    elo          text COLLATE "C" NOT NULL,
    -- 1, 2, 3…: dois escritores que continuassem a mesma corrente disputariam o mesmo número.
    CONSTRAINT execucoes_pkey PRIMARY KEY (id),
    CONSTRAINT execucoes_id CHECK (id >= 1),
    CONSTRAINT execucoes_origem CHECK (origem IN ('semear', 'adocao', 'api') OR origem LIKE 'importar:_%'),
    CONSTRAINT execucoes_iniciada_em CHECK (iniciada_em ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'),
    CONSTRAINT execucoes_concluida_em CHECK (concluida_em ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'),
    CONSTRAINT execucoes_contas CHECK (
        inseridos >= 0 AND repetidos >= 0 AND lidos = inseridos + repetidos AND total >= inseridos
    ),
    CONSTRAINT execucoes_intervalo CHECK (
        CASE
            WHEN inseridos = 0 THEN primeiro_id IS NULL AND ultimo_id IS NULL
            ELSE primeiro_id IS NOT NULL AND ultimo_id IS NOT NULL AND ultimo_id - primeiro_id >= inseridos - 1
        END
    ),
    CONSTRAINT execucoes_lacre CHECK (lacre ~ '^[0-9a-f]{64}$'),
    CONSTRAINT execucoes_elo CHECK (elo ~ '^[0-9a-f]{64}$')
);

-- Só inserções -----------------------------------------------------------------------------------
-- Para escritor e leitor a barreira são os direitos. Os gatilhos param também o dono e o
-- superusuário, e valem mesmo com session_replication_role = replica. Quem os desliga com ALTER TABLE
-- passa: são um trilho; a prova são os lacres e os elos.

CREATE OR REPLACE FUNCTION recusar() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% em desafio2.% foi recusado: uma linha gravada não muda mais', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'O contrato só permite INSERT.';
END
$$;

CREATE OR REPLACE TRIGGER so_insercoes BEFORE UPDATE OR DELETE OR TRUNCATE ON usuarios
    FOR EACH STATEMENT EXECUTE FUNCTION recusar();
CREATE OR REPLACE TRIGGER so_insercoes BEFORE UPDATE OR DELETE OR TRUNCATE ON execucoes
    FOR EACH STATEMENT EXECUTE FUNCTION recusar();
ALTER TABLE usuarios ENABLE ALWAYS TRIGGER so_insercoes;
ALTER TABLE execucoes ENABLE ALWAYS TRIGGER so_insercoes;

-- Índices fora durante uma carga grande -----------------------------------------------------------
-- DROP e CREATE INDEX pedem o dono, e o escritor não o é. Numa transação só:
--
--   SELECT desafio2.soltar_indices();
--   COPY desafio2.usuarios … FROM STDIN, ou INSERT … SELECT
--   SELECT desafio2.refazer_indices();     -- 23505 se um id ou um e-mail se repete
--
-- Um COMMIT entre as duas deixaria a tabela sem a unicidade. Não há como: soltar_indices deixa
-- pendente, numa tabela temporária que só o dono desfaz, um gatilho que no COMMIT exige os índices de
-- volta. As funções não recebem nem leem nada de quem as chama. Até o COMMIT, quem quiser ler espera;
-- quem já lê, e demora mais que lock_timeout, faz soltar_indices falhar com 55P03.

CREATE OR REPLACE FUNCTION exigir_indices() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('desafio2.usuarios_pkey') IS NULL OR to_regclass('desafio2.usuarios_email') IS NULL THEN
        RAISE EXCEPTION 'os índices de desafio2.usuarios foram soltos e não refeitos'
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'SELECT desafio2.refazer_indices();';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION soltar_indices() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('lock_timeout') = '0' THEN
        SET LOCAL lock_timeout = '30s';
    END IF;
    CREATE TEMPORARY TABLE desafio2_sem_indices (instante timestamptz) ON COMMIT DROP;
    CREATE CONSTRAINT TRIGGER exigir_indices AFTER INSERT ON pg_temp.desafio2_sem_indices
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION desafio2.exigir_indices();
    ALTER TABLE pg_temp.desafio2_sem_indices ENABLE ALWAYS TRIGGER exigir_indices;
    INSERT INTO pg_temp.desafio2_sem_indices VALUES (now());
    ALTER TABLE desafio2.usuarios DROP CONSTRAINT usuarios_pkey;
    DROP INDEX desafio2.usuarios_email;
END
$$;

CREATE OR REPLACE FUNCTION refazer_indices() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ALTER TABLE desafio2.usuarios ADD CONSTRAINT usuarios_pkey PRIMARY KEY (id);
    CREATE UNIQUE INDEX usuarios_email ON desafio2.usuarios (lower(email COLLATE "C"));
END
$$;

-- Direitos ---------------------------------------------------------------------------------------

REVOKE ALL ON ALL TABLES IN SCHEMA desafio2 FROM PUBLIC, escritor, leitor;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA desafio2 FROM PUBLIC, escritor, leitor;
GRANT USAGE ON SCHEMA desafio2 TO escritor, leitor;
GRANT SELECT ON usuarios, execucoes TO escritor, leitor;
GRANT INSERT ON usuarios, execucoes TO escritor;
GRANT EXECUTE ON FUNCTION soltar_indices(), refazer_indices() TO escritor;

-- A marca ------------------------------------------------------------------------------------------
-- A última palavra: quem a lê sabe que tudo acima está feito, e qual é o contrato.

COMMENT ON SCHEMA desafio2 IS 'desafio2: contrato 1';

COMMIT;
