-- migrate:up

-- Makes the monthly partitions of both raw tables that the given times need. Called before BEGIN by a role that may
-- not create tables, hence SECURITY DEFINER; a partition is built beside the table and then attached, which does
-- not block readers or writers.
CREATE FUNCTION ensure_raw_partitions(times timestamptz[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month timestamptz;
    parent text;
    child text;
BEGIN
    FOR month IN SELECT DISTINCT date_trunc('month', t) FROM unnest(times) t ORDER BY 1 LOOP
        FOREACH parent IN ARRAY ARRAY['raw_readings', 'raw_rows'] LOOP
            child := parent || '_' || to_char(month, 'YYYYMM');
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = child AND relnamespace = 'public'::regnamespace) THEN
                PERFORM pg_advisory_xact_lock(hashtext('tideline.raw_partitions'));
                -- Asked again with a new snapshot: another session may have made it while this one waited.
                IF NOT EXISTS (SELECT FROM pg_class WHERE relname = child AND relnamespace = 'public'::regnamespace) THEN
                    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
                    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                                   parent, child, month, month + interval '1 month');
                END IF;
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- Ids of the given (stream, category) pairs, in order; a new pair gets one while its stream has fewer than
-- series_max, else NULL.
CREATE FUNCTION series_ids(streams text[], categories text[], series_max integer) RETURNS integer[]
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    ids integer[] := '{}';
    pair record;
    found_id integer;
BEGIN
    FOR pair IN SELECT s.stream, s.category FROM unnest(streams, categories) WITH ORDINALITY s(stream, category, n) ORDER BY n LOOP
        SELECT id INTO found_id FROM series WHERE stream = pair.stream AND category = pair.category;
        IF NOT FOUND THEN
            PERFORM pg_advisory_xact_lock(hashtext('tideline.series'), hashtext(pair.stream));
            IF (SELECT count(*) FROM series WHERE stream = pair.stream) < series_max THEN
                INSERT INTO series (stream, category) VALUES (pair.stream, pair.category) ON CONFLICT DO NOTHING;
            END IF;
            SELECT id INTO found_id FROM series WHERE stream = pair.stream AND category = pair.category;
        END IF;
        ids := ids || found_id;
        found_id := NULL;
    END LOOP;
    RETURN ids;
END $$;

-- Notes each change of a stream's state in the same transaction, so that topic `streams` gets every one of them.
CREATE FUNCTION note_stream_state() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.updated_at := now();
    IF TG_OP = 'INSERT' OR (NEW.state, NEW.run, NEW.desired = 'deleted')
                            IS DISTINCT FROM (OLD.state, OLD.run, OLD.desired = 'deleted') THEN
        NEW.changes := NEW.changes + 1;
        NEW.unannounced := NEW.unannounced || jsonb_build_object(
            'change', NEW.changes, 'state', NEW.state, 'run', NEW.run, 'reason', NEW.reason,
            'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_stream_state BEFORE INSERT OR UPDATE ON streams FOR EACH ROW EXECUTE FUNCTION note_stream_state();

-- A fixed-point sum as a plain number: 2^-62 written out, so that the product is exact and rounded once.
CREATE FUNCTION plain_sum(fixed numeric) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (fixed * 0.00000000000000000021684043449710088680149056017398834228515625)::double precision
$$;

CREATE VIEW window_values AS
SELECT series_id, minute, count, plain_sum(sum) AS sum, min, max, first_at, first_value, last_at, last_value FROM windows;

CREATE VIEW quarter_values AS
SELECT series_id, quarter, count, plain_sum(sum) AS sum, min, max, first_at, first_value, last_at, last_value, minutes FROM quarters;

-- migrate:down
