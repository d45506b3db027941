-- Number of readings of each of the series $1.
SELECT series_id AS id, sum(count)::bigint AS count
FROM quarters
WHERE series_id = ANY ($1::integer[])
GROUP BY series_id
