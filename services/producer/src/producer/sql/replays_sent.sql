-- Notes that Kafka has the replays $1; not of one that was claimed or asked for anew since it was claimed until $2.
UPDATE dead_letter_requests SET sent_at = now(), value = NULL, claimed_until = NULL WHERE id = ANY ($1) AND claimed_until = $2
