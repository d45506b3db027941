-- How many dead letters there are of each reason, by what became of them, and how many have a wish on its way.
SELECT reason, count(*) AS count, count(*) FILTER (WHERE replayed_at IS NULL AND discarded_at IS NULL) AS open,
       coalesce(max(on_their_way), 0) AS requested, count(replayed_at) AS replayed,
       count(*) FILTER (WHERE replayed_at IS NULL AND discarded_at IS NOT NULL) AS discarded, max(received_at) AS newest
FROM dead_letters
LEFT JOIN (
    SELECT reason, count(DISTINCT (generation, topic, partition, "offset")) AS on_their_way
    FROM dead_letter_requests JOIN dead_letters USING (generation, topic, partition, "offset")
    WHERE done_at IS NULL GROUP BY reason
) AS wishes USING (reason)
GROUP BY reason ORDER BY count DESC, reason
