-- migrate:up

-- How many samples each series has, so that nobody adds up its quarters to know.
CREATE TABLE series_counts (
    series_id  integer PRIMARY KEY,
    count      bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO series_counts SELECT series_id, sum(count) FROM quarters GROUP BY series_id;

-- How many dataset rows each transaction added to a stream, or took away (less than 0): together what is kept. Lines
-- instead of a counter, so that transactions which add to the same stream do not wait for each other.
CREATE TABLE row_counts (
    stream  text NOT NULL,
    rows    bigint NOT NULL
);
CREATE INDEX row_counts_stream ON row_counts (stream) INCLUDE (rows);
INSERT INTO row_counts SELECT stream, count(*) FROM raw_rows GROUP BY stream;

GRANT SELECT, INSERT, UPDATE ON series_counts TO tideline_processor;
GRANT INSERT ON row_counts TO tideline_processor;
GRANT SELECT ON series_counts, row_counts TO tideline_api;

-- migrate:down
