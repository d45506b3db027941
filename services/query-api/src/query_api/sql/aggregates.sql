-- One line per series ($1) and bucket, in that order: pieces of time with bounds $2 and starts of their buckets $3, or
-- with step $4 buckets of that length from $3 on; read from quarters in [$5, $6) and from windows before and after, up
-- to $7; minutes with data only if $8. The fixed-point sums are added first and converted once. The values are known
-- when it is planned, so what they decide costs nothing a row.
SELECT stream, category, sum / count AS avg_value, count, sum, min, max, last_timestamp, window_start, minutes, parts
FROM (
    SELECT
        series_id,
        CASE
            WHEN $4::interval IS NOT NULL THEN date_bin($4, start, ($3::timestamptz[])[1])
            WHEN cardinality($3) = 1 THEN ($3)[1]
            ELSE ($3)[width_bucket(start, $2)]
        END AS window_start,
        sum(count)::bigint AS count,
        plain_sum(sum(sum)) AS sum,
        min(min) AS min,
        max(max) AS max,
        max(last_at) AS last_timestamp,
        sum(CASE WHEN $8::boolean THEN bit_count(minutes::integer::bit(15)) END)::bigint AS minutes,
        count(*) AS parts
    FROM (
        SELECT series_id, quarter AS start, count, sum, min, max, last_at, minutes
        FROM quarters WHERE series_id = ANY ($1::integer[]) AND quarter >= $5 AND quarter < $6 AND $5 < $6
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1::smallint
        FROM windows WHERE series_id = ANY ($1) AND minute >= ($2::timestamptz[])[1] AND minute < $5 AND ($2)[1] < $5
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1::smallint
        FROM windows WHERE series_id = ANY ($1) AND minute >= $6 AND minute < $7 AND $6 < $7
    ) AS parts
    GROUP BY 1, 2
) AS lines
JOIN series ON series.id = series_id
ORDER BY array_position($1, series_id), window_start
