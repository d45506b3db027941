-- Forgets these wishes, which were carried out.
DELETE FROM dead_letter_requests WHERE id = ANY ($1) AND wish = 'discard'
