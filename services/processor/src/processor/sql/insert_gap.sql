-- Books offsets that were never delivered; a gap that is known stays as it is.
INSERT INTO gaps AS g (generation, topic, partition, pass, from_offset, to_offset, cause)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (generation, topic, partition, pass, from_offset) DO UPDATE SET to_offset = greatest(g.to_offset, excluded.to_offset)
