-- migrate:up

-- A replay is published from its dead letter, which stays for as long as one is on its way: only another value is kept here.
UPDATE dead_letter_requests r SET value = NULL FROM dead_letters l
WHERE (r.generation, r.topic, r.partition, r."offset", r.value) = (l.generation, l.topic, l.partition, l."offset", l.value);
ALTER TABLE dead_letter_requests DROP COLUMN key;
COMMENT ON COLUMN dead_letter_requests.value IS 'What is to be published instead of the dead letter''s own; forgotten once it is sent.';

-- Booked discards are of no use once they are carried out.
GRANT DELETE ON dead_letter_requests TO tideline_processor;
DELETE FROM dead_letter_requests WHERE wish = 'discard' AND done_at IS NOT NULL;

CREATE OR REPLACE FUNCTION request_replays(
    generations integer[], topics text[], partitions integer[], offsets bigint[], edited bytea
) RETURNS TABLE (generation integer, topic text, partition integer, "offset" bigint, outcome text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT l.*,
               CASE WHEN reason IS NULL THEN 'unknown' WHEN replayed_at IS NOT NULL THEN 'replayed'
                    WHEN coalesce(octet_length(coalesce(edited, l.value)), 0) + coalesce(octet_length(key), 0) > 1048000
                    THEN 'too_large' ELSE 'requested' END AS outcome
        FROM letters_at(generations, topics, partitions, offsets) l
    ), booked AS (
        INSERT INTO dead_letter_requests AS r (wish, generation, topic, partition, "offset", append_time, value, digest)
        SELECT DISTINCT ON (generation, topic, partition, "offset")
               'replay', generation, topic, partition, "offset", append_time, edited, sha256(coalesce(edited, value, ''))
        FROM asked WHERE outcome = 'requested'
        ORDER BY generation, topic, partition, "offset"
        ON CONFLICT (generation, topic, partition, "offset", wish, digest) DO UPDATE
            SET value = excluded.value, requested_at = now(), sent_at = NULL, claimed_until = NULL, done_at = NULL
            WHERE r.done_at IS NOT NULL OR r.sent_at < now() - interval '1 minute'
    )
    SELECT generation, topic, partition, "offset", outcome FROM asked ORDER BY n
$$;

-- Gives the oldest replays that wait to be published, as many as are asked for, to whoever asks, for so many seconds.
CREATE FUNCTION claim_replays(seconds double precision, most integer)
RETURNS TABLE (id bigint, generation integer, topic text, partition integer, "offset" bigint, key bytea, value bytea,
    claimed_until timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH claimed AS (
        UPDATE dead_letter_requests r SET claimed_until = now() + seconds * interval '1 second'
        WHERE r.id IN (
            SELECT w.id FROM dead_letter_requests w
            WHERE wish = 'replay' AND done_at IS NULL AND sent_at IS NULL AND (w.claimed_until IS NULL OR w.claimed_until < now())
            ORDER BY w.id
            FOR UPDATE SKIP LOCKED
            LIMIT most
        )
        RETURNING r.*
    )
    SELECT c.id, generation, topic, partition, "offset", l.key, coalesce(c.value, l.value), c.claimed_until
    FROM claimed c JOIN dead_letters l USING (generation, topic, partition, "offset")
$$;
REVOKE ALL ON FUNCTION claim_replays FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_replays TO tideline_producer;

-- migrate:down
