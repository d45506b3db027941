-- All series of stream $1 over the windows that start in [$2, $3), fixed-point sums added first and converted once;
-- `known`: whether there is such a stream, controlled here or with data.
SELECT
    EXISTS (SELECT FROM streams WHERE id = $1 AND (desired <> 'deleted' OR state = 'stopping'))
    OR EXISTS (
        SELECT FROM series
        CROSS JOIN LATERAL (SELECT FROM quarters WHERE series_id = series.id LIMIT 1) AS data
        WHERE stream = $1
    ) AS known,
    plain_sum(sum(windows.sum)) / sum(windows.count)::double precision AS average,
    coalesce(plain_sum(sum(windows.sum)), 0) AS sum,
    coalesce(sum(windows.count), 0)::bigint AS count
FROM series
JOIN windows ON series_id = series.id
WHERE stream = $1 AND minute >= $2 AND minute < $3
