-- How far each partition is.
SELECT generation, topic, partition, pass, next_offset FROM offsets
