-- Forgets the changes of streams $1 up to numbers $2: topic `streams` has them. Held in the order of their ids, as by
-- renew_leases: neither can wait for the other.
WITH held AS (SELECT id FROM streams WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE)
UPDATE streams
SET unannounced = jsonb_path_query_array(unannounced, '$[*] ? (@.change > $last)', jsonb_build_object('last', told.last))
FROM held JOIN unnest($1::text[], $2::integer[]) AS told (id, last) USING (id)
WHERE streams.id = held.id
