-- How many dead letters there are of each reason, by what became of them.
SELECT reason, count(*) AS count, count(*) FILTER (WHERE replayed_at IS NULL AND discarded_at IS NULL) AS open,
       count(replayed_at) AS replayed, count(*) FILTER (WHERE replayed_at IS NULL AND discarded_at IS NOT NULL) AS discarded,
       max(received_at) AS newest
FROM dead_letters GROUP BY reason ORDER BY count DESC, reason
