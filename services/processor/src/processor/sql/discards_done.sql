-- Notes that these wishes were carried out.
UPDATE dead_letter_requests SET done_at = now() WHERE id = ANY ($1) AND done_at IS NULL
