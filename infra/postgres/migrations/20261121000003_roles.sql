-- migrate:up

-- Roles are shared by all databases of a server, so they may be there already; `provision migrate` sets passwords.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tideline_processor', 'tideline_producer', 'tideline_api'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END $$;

ALTER ROLE tideline_processor SET statement_timeout = '30s';
ALTER ROLE tideline_processor SET lock_timeout = '3s';
ALTER ROLE tideline_processor SET idle_in_transaction_session_timeout = '2s';
ALTER ROLE tideline_producer SET statement_timeout = '10s';
ALTER ROLE tideline_producer SET lock_timeout = '3s';
ALTER ROLE tideline_producer SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE tideline_api SET statement_timeout = '2s';
ALTER ROLE tideline_api SET default_transaction_read_only = on;
ALTER ROLE tideline_api SET idle_in_transaction_session_timeout = '30s';

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tideline_processor, tideline_producer, tideline_api;
GRANT SELECT ON schema_migrations TO tideline_processor, tideline_producer, tideline_api;

-- The processor is the only writer of data; deletions are booked, offsets are never deleted.
GRANT SELECT, INSERT ON raw_readings, raw_rows, series, batches, gaps, removed, dead_letters TO tideline_processor;
GRANT SELECT, INSERT, UPDATE ON offsets, windows, quarters TO tideline_processor;
GRANT UPDATE ON batches, gaps, dead_letters TO tideline_processor;
GRANT SELECT ON streams TO tideline_processor;
GRANT EXECUTE ON FUNCTION ensure_raw_partitions, series_ids, plain_sum TO tideline_processor;

-- It takes the data of deleted streams away, books that, and says when it is done.
GRANT DELETE ON raw_readings, raw_rows, windows, quarters TO tideline_processor;
GRANT UPDATE (delete_data) ON streams TO tideline_processor;

-- The producer knows streams and nothing else.
GRANT SELECT, INSERT, UPDATE, DELETE ON streams TO tideline_producer;

-- The API reads.
GRANT SELECT ON streams, series, raw_readings, raw_rows, windows, quarters, offsets, batches, gaps, removed, dead_letters,
    window_values, quarter_values TO tideline_api;
GRANT EXECUTE ON FUNCTION plain_sum TO tideline_api;

-- migrate:down
