-- Each partition of the topics $1 in each of their generations: where its ledger begins, and how far it was read.
SELECT o.generation, o.topic, o.partition, o.pass, o.next_offset, o.bookmark_time,
       least(o.start_offset, (
           SELECT first_offset FROM batches b
           WHERE (b.generation, b.topic, b.partition) = (o.generation, o.topic, o.partition)
           ORDER BY b.pass, b.first_offset LIMIT 1
       )) AS first_offset,
       o.generation = max(o.generation) OVER (PARTITION BY o.topic) AS newest
FROM offsets o
WHERE o.topic = ANY ($1)
ORDER BY o.topic, o.partition, o.generation
