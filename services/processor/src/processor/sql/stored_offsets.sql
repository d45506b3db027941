-- Up to where each partition of these topics has been processed.
SELECT topic, partition, next_offset FROM offsets o
WHERE topic = ANY ($1) AND generation = (SELECT max(generation) FROM offsets WHERE topic = o.topic)
