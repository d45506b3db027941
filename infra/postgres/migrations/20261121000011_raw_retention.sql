-- migrate:up

-- Since when raw data is kept; NULL: all of it is. It moves forward only. What is older is refused (too_late), as a
-- repetition could not be recognised.
CREATE TABLE raw_horizon (
    kept_from  timestamptz,
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
INSERT INTO raw_horizon DEFAULT VALUES;

-- Moves the horizon to the start of the month of so many days ago, by the earlier of Kafka's clock (of the newest record
-- taken) and this server's; where to, if it has moved. Every claim holds the horizon of its time, so all are fenced: what
-- was decided by an earlier one is never committed after this.
CREATE FUNCTION move_raw_horizon(days integer) RETURNS timestamptz
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    wanted timestamptz;
BEGIN
    SELECT date_trunc('month', least(newest, now()) - make_interval(days => days)) INTO wanted
    FROM (SELECT max(bookmark_time) AS newest FROM offsets) AS taken WHERE newest IS NOT NULL;
    UPDATE raw_horizon SET kept_from = wanted WHERE coalesce(kept_from, '-infinity') < wanted;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM offsets ORDER BY generation, topic, partition FOR UPDATE;
    UPDATE offsets SET epoch = epoch + 1;
    RETURN wanted;
END $$;

-- Drops the oldest month of raw data before the horizon, booked for each stream. Its name; NULL when there is none, or
-- another session is at it. Drops what the caller may not, hence SECURITY DEFINER. While it counts, others may read the
-- month and not change it; for the drop alone it waits for readers of the whole table, a second at most.
CREATE FUNCTION drop_raw_month() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    parent text;
    child text;
    month timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('tideline.raw_retention')) THEN
        RETURN NULL;
    END IF;
    SELECT i.inhparent::regclass::text, c.relname, m.start INTO parent, child, month
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 6), 'YYYYMM')::timestamptz) AS m (start)
    JOIN raw_horizon ON m.start + interval '1 month' <= kept_from
    WHERE i.inhparent IN ('raw_readings'::regclass, 'raw_rows'::regclass)
    ORDER BY m.start, c.relname LIMIT 1;
    IF child IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', child);
    IF parent = 'raw_readings' THEN
        EXECUTE format('
            INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples, cause)
            SELECT stream, $1, $2, $2 + interval ''1 month'', sum(n), 0, ''retention''
            FROM (SELECT series_id, count(*) AS n FROM %I GROUP BY series_id) AS counted JOIN series ON id = series_id
            GROUP BY stream', child) USING parent, month;
    ELSE
        EXECUTE format('
            WITH gone AS (SELECT stream, count(*) AS n FROM %I GROUP BY stream),
            counted AS (INSERT INTO row_counts (stream, rows) SELECT stream, -n FROM gone)
            INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples, cause)
            SELECT stream, $1, $2, $2 + interval ''1 month'', n, 0, ''retention'' FROM gone', child) USING parent, month;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN child;
END $$;

REVOKE ALL ON FUNCTION move_raw_horizon, drop_raw_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION move_raw_horizon, drop_raw_month TO tideline_processor;
GRANT SELECT, UPDATE ON raw_horizon TO tideline_processor;
GRANT SELECT ON raw_horizon TO tideline_api;

-- migrate:down
