-- How many readings are stored from $1 up to $2.
SELECT count(*) FROM raw_readings WHERE timestamp >= $1 AND timestamp < $2
