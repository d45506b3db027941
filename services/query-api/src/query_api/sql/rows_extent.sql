-- First and last time of the dataset rows of the streams $1.
SELECT min(oldest.timestamp) AS first_at, max(newest.timestamp) AS last_at
FROM unnest($1::text[]) AS s (stream)
CROSS JOIN LATERAL (SELECT timestamp FROM raw_rows WHERE stream = s.stream ORDER BY timestamp LIMIT 1) AS oldest
CROSS JOIN LATERAL (SELECT timestamp FROM raw_rows WHERE stream = s.stream ORDER BY timestamp DESC LIMIT 1) AS newest
