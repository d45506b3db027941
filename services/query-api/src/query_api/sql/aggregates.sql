-- One line per series ($1) and bucket: pieces of time with bounds $2 and buckets $3, read from quarters in
-- [$4, $5) and from windows before and after, up to $6. The fixed-point sums are added first and converted once.
SELECT series_id, bucket, sum / count AS avg_value, count, sum, min, max, last_timestamp, minutes, parts
FROM (
    SELECT
        series_id,
        ($3::integer[])[width_bucket(start, $2::timestamptz[])] AS bucket,
        sum(count)::bigint AS count,
        plain_sum(sum(sum)) AS sum,
        min(min) AS min,
        max(max) AS max,
        max(last_at) AS last_timestamp,
        sum(minutes)::bigint AS minutes,
        count(*) AS parts
    FROM (
        SELECT series_id, quarter AS start, count, sum, min, max, last_at, bit_count(minutes::integer::bit(15)) AS minutes
        FROM quarters WHERE series_id = ANY ($1::integer[]) AND quarter >= $4 AND quarter < $5
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1
        FROM windows WHERE series_id = ANY ($1) AND minute >= ($2::timestamptz[])[1] AND minute < $4
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1
        FROM windows WHERE series_id = ANY ($1) AND minute >= $5 AND minute < $6
    ) AS parts
    GROUP BY 1, 2
) AS lines
