-- Notes what is known now ($4) of the file that run $2 of stream $1 has pulled, as long as copy $3 has the stream.
UPDATE streams SET dataset = dataset - 'stale' - 'rows' || $4::jsonb WHERE id = $1 AND run = $2 AND owner = $3 RETURNING id
