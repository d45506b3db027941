-- How many dead letters are neither replayed nor discarded, by reason.
SELECT reason, count(*) FROM dead_letters WHERE replayed_at IS NULL AND discarded_at IS NULL GROUP BY reason
