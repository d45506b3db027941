-- Forgets the changes of stream $1 up to number $2: topic `streams` has them.
UPDATE streams
SET unannounced = jsonb_path_query_array(unannounced, '$[*] ? (@.change > $last)', jsonb_build_object('last', $2::integer))
WHERE id = $1
