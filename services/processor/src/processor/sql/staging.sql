-- The session's tables for what is copied to the server first, empty again after each transaction.
CREATE TEMP TABLE IF NOT EXISTS staged_readings (series_id integer, timestamp timestamptz, id uuid, n integer)
ON COMMIT DELETE ROWS;

CREATE TEMP TABLE IF NOT EXISTS staged_windows (
    series_id integer, start timestamptz, count bigint, s0 bigint, s1 bigint, s2 bigint, s3 bigint,
    min float8, max float8, first_at timestamptz, first_value float8, last_at timestamptz, last_value float8, minutes smallint
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE IF NOT EXISTS staged_quarters (LIKE staged_windows) ON COMMIT DELETE ROWS;
