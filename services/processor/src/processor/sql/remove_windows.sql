-- Takes the first windows of a stream away, as many as hold $2 samples together, at least one. Returns what they were.
WITH chosen AS (
    SELECT series_id, minute FROM (
        SELECT series_id, minute, sum(count) OVER (ORDER BY series_id, minute) - count AS before
        FROM (
            SELECT series_id, minute, count FROM windows
            WHERE series_id IN (SELECT id FROM series WHERE stream = $1)
            ORDER BY series_id, minute LIMIT 1000
        ) first_ones
    ) counted
    WHERE before < $2
    ORDER BY series_id, minute
)
DELETE FROM windows w USING chosen c WHERE (w.series_id, w.minute) = (c.series_id, c.minute)
RETURNING w.series_id, w.minute, w.count
