-- Invariant 5: windows from $2 to $3 (both at minutes) of the series $4 that are not what their raw values amount to: the
-- readings that are kept, and the samples of rows in $5 (series), $6 (microseconds since 1970) and $7. At most $1.
-- `gone`: less is kept than was counted, and retention has taken readings or rows of that time, whose windows stay.
-- A sum is counted in whole numbers, units of 2^-62, by the steps in which it was made: exact in every order.
WITH chosen AS (SELECT series_id FROM unnest($4::integer[]) AS c (series_id)),
raw AS (
    SELECT series_id, at, value
    FROM chosen CROSS JOIN LATERAL (
        SELECT timestamp AS at, value FROM raw_readings r
        WHERE r.series_id = chosen.series_id AND timestamp >= $2 AND timestamp < $3
        OFFSET 0  -- one range of the key for each series, however little the planner knows of them
    ) AS of_series
    UNION ALL
    SELECT series_id, timestamptz 'epoch' + us * interval '1 microsecond', value
    FROM unnest($5::integer[], $6::bigint[], $7::float8[]) AS s (series_id, us, value)
),
counted AS (
    SELECT series_id, date_bin('1 minute', at, 'epoch') AS minute, count(*) AS count,
           sum(trunc(value)::bigint) * 4611686018427387904
               + sum(trunc((value - trunc(value)) * 2147483648)::bigint) * 2147483648
               + sum(round(((value - trunc(value)) * 2147483648 - trunc((value - trunc(value)) * 2147483648)) * 2147483648)
                   ::bigint) AS sum,
           min(value) AS min, max(value) AS max, min(at) AS first_at, max(at) AS last_at,
           min(ARRAY[date_part('epoch', at), value]) AS first, max(ARRAY[date_part('epoch', at), value]) AS last
    FROM raw GROUP BY 1, 2
),
different AS (
    SELECT stream, category, minute, w.count > coalesce(c.count, 0) AND EXISTS (
               SELECT FROM removed r
               WHERE r.stream = series.stream AND r.cause = 'retention' AND r.table_name IN ('raw_readings', 'raw_rows')
                 AND r.range_start < minute + interval '1 minute' AND r.range_end > minute
           ) AS gone,
           jsonb_build_object('count', w.count, 'sum', w.sum::text, 'min', w.min, 'max', w.max, 'first_at', w.first_at,
               'first_value', w.first_value, 'last_at', w.last_at, 'last_value', w.last_value) AS stored,
           jsonb_build_object('count', c.count, 'sum', c.sum::text, 'min', c.min, 'max', c.max, 'first_at', c.first_at,
               'first_value', c.first[2], 'last_at', c.last_at, 'last_value', c.last[2]) AS should_be
    FROM (SELECT w.* FROM chosen JOIN windows w USING (series_id) WHERE minute >= $2 AND minute < $3) AS w
    FULL JOIN counted c USING (series_id, minute)
    LEFT JOIN series ON series.id = series_id
    WHERE (w.count, w.sum, w.min, w.max, w.first_at, w.first_value, w.last_at, w.last_value)
        IS DISTINCT FROM (c.count, c.sum, c.min, c.max, c.first_at, c.first[2], c.last_at, c.last[2])
)
SELECT *, count(*) FILTER (WHERE NOT gone) OVER () AS total, count(*) FILTER (WHERE gone) OVER () AS gone_total
FROM different
ORDER BY gone, stream, category, minute
LIMIT $1
