-- migrate:up

DROP FUNCTION request_replays, request_discards;

-- The dead letters at these places, locked so that none goes away meanwhile. A place without a generation is of the
-- topic's present one. `reason` is null where there is no such letter.
CREATE FUNCTION letters_at(generations integer[], topics text[], partitions integer[], offsets bigint[])
RETURNS TABLE (n bigint, generation integer, topic text, partition integer, "offset" bigint, append_time timestamptz, key bytea,
    value bytea, reason text, replayed_at timestamptz, discarded_at timestamptz)
LANGUAGE sql SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT n, coalesce(a.generation, (SELECT max(o.generation) FROM offsets o WHERE o.topic = a.topic), 1) AS generation,
               a.topic, a.partition, a."offset"
        FROM unnest(generations, topics, partitions, offsets) WITH ORDINALITY AS a (generation, topic, partition, "offset", n)
    ), found AS (
        SELECT a.n, l.append_time, l.key, l.value, l.reason, l.replayed_at, l.discarded_at
        FROM asked a JOIN dead_letters l USING (generation, topic, partition, "offset")
        ORDER BY l.generation, l.topic, l.partition, l."offset"
        FOR SHARE OF l
    )
    SELECT n, generation, topic, partition, "offset", append_time, key, value, reason, replayed_at, discarded_at
    FROM asked LEFT JOIN found USING (n)
$$;

-- Books replays of dead letters, as they are or with another value. Says for each, in the order given, whether it is
-- `requested`, was `replayed` before, is `too_large` to be published, or `unknown`. One that is on its way stays so; it is sent
-- again when it was refused again or has not come back for a minute. Counted it is once.
CREATE FUNCTION request_replays(generations integer[], topics text[], partitions integer[], offsets bigint[], edited bytea)
RETURNS TABLE (generation integer, topic text, partition integer, "offset" bigint, outcome text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT l.*, coalesce(edited, l.value) AS wanted,
               CASE WHEN reason IS NULL THEN 'unknown' WHEN replayed_at IS NOT NULL THEN 'replayed'
                    WHEN coalesce(octet_length(coalesce(edited, l.value)), 0) + coalesce(octet_length(key), 0) > 1048000
                    THEN 'too_large' ELSE 'requested' END AS outcome
        FROM letters_at(generations, topics, partitions, offsets) l
    ), booked AS (
        INSERT INTO dead_letter_requests AS r
            (wish, generation, topic, partition, "offset", append_time, key, value, digest)
        SELECT DISTINCT ON (generation, topic, partition, "offset")
               'replay', generation, topic, partition, "offset", append_time, key, wanted, sha256(coalesce(wanted, ''))
        FROM asked WHERE outcome = 'requested'
        ORDER BY generation, topic, partition, "offset"
        ON CONFLICT (generation, topic, partition, "offset", wish, digest) DO UPDATE
            SET value = excluded.value, requested_at = now(), sent_at = NULL, claimed_until = NULL, done_at = NULL
            WHERE r.done_at IS NOT NULL OR r.sent_at < now() - interval '1 minute'
    )
    SELECT generation, topic, partition, "offset", outcome FROM asked ORDER BY n
$$;

-- Books that dead letters are to be set aside, with the reason. Says for each `requested`, `discarded` or `replayed` where
-- it is so already, or `unknown`.
CREATE FUNCTION request_discards(generations integer[], topics text[], partitions integer[], offsets bigint[], why text)
RETURNS TABLE (generation integer, topic text, partition integer, "offset" bigint, outcome text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT l.*, CASE WHEN reason IS NULL THEN 'unknown' WHEN replayed_at IS NOT NULL THEN 'replayed'
                         WHEN discarded_at IS NOT NULL THEN 'discarded' ELSE 'requested' END AS outcome
        FROM letters_at(generations, topics, partitions, offsets) l
    ), booked AS (
        INSERT INTO dead_letter_requests (wish, generation, topic, partition, "offset", append_time, note, digest)
        SELECT DISTINCT ON (generation, topic, partition, "offset")
               'discard', generation, topic, partition, "offset", append_time, why, ''
        FROM asked WHERE outcome = 'requested'
        ORDER BY generation, topic, partition, "offset"
        ON CONFLICT (generation, topic, partition, "offset", wish, digest) DO UPDATE
            SET note = excluded.note, requested_at = now(), done_at = NULL
    )
    SELECT generation, topic, partition, "offset", outcome FROM asked ORDER BY n
$$;

REVOKE ALL ON FUNCTION letters_at, request_replays, request_discards FROM PUBLIC;
GRANT EXECUTE ON FUNCTION request_replays, request_discards TO tideline_producer;

-- migrate:down
