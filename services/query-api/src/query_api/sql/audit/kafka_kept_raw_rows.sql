-- How many dataset rows are stored from $1 up to $2.
SELECT count(*) FROM raw_rows WHERE timestamp >= $1 AND timestamp < $2
