-- migrate:up

ALTER TABLE dead_letters
    ADD COLUMN stream text,
    ADD COLUMN tried_at timestamptz,
    ADD COLUMN tried_reason text,
    ADD COLUMN tried_detail text,
    ADD COLUMN discarded_at timestamptz,
    ADD COLUMN note text;
COMMENT ON COLUMN dead_letters.stream IS 'Whose it would have been, as far as its value or key tells.';
COMMENT ON COLUMN dead_letters.tried_at IS 'When the newest replay that was refused again arrived; why is in tried_reason and tried_detail.';
COMMENT ON COLUMN dead_letters.note IS 'Why it was discarded.';
CREATE INDEX dead_letters_reason ON dead_letters (reason, received_at) INCLUDE (replayed_at, discarded_at);

-- What an operator wants with dead letters. The producer books it by the functions below and publishes replays; the
-- processor carries it out. A replay stays here for good: it is what tells one that was asked for from a forged one.
CREATE TABLE dead_letter_requests (
    id             bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    wish           text NOT NULL CHECK (wish IN ('replay', 'discard')),
    generation     integer NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    append_time    timestamptz NOT NULL,
    key            bytea,
    value          bytea,
    digest         bytea NOT NULL,
    note           text,
    requested_at   timestamptz NOT NULL DEFAULT now(),
    claimed_until  timestamptz,
    sent_at        timestamptz,
    done_at        timestamptz,
    UNIQUE (generation, topic, partition, "offset", wish, digest)
);
COMMENT ON COLUMN dead_letter_requests.append_time IS 'The dead letter''s: a replay without a time of its own gets this one.';
COMMENT ON COLUMN dead_letter_requests.value IS 'What is to be published; forgotten once it is sent.';
COMMENT ON COLUMN dead_letter_requests.digest IS 'sha256 of that value, by which the processor knows it.';
CREATE INDEX dead_letter_requests_waiting ON dead_letter_requests (id) WHERE done_at IS NULL;

-- Books replays of dead letters, as they are or with another value. Says for each, in the order given, whether it is
-- `requested`, was `replayed` before, or is `unknown`. One that is asked for again is sent again, and counted once.
CREATE FUNCTION request_replays(generations integer[], topics text[], partitions integer[], offsets bigint[], edited bytea)
RETURNS text[] LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT n, l.*, coalesce(edited, l.value) AS wanted
        FROM unnest(generations, topics, partitions, offsets) WITH ORDINALITY a (generation, topic, partition, "offset", n)
        LEFT JOIN dead_letters l USING (generation, topic, partition, "offset")
    ), booked AS (
        INSERT INTO dead_letter_requests AS r
            (wish, generation, topic, partition, "offset", append_time, key, value, digest)
        SELECT DISTINCT ON (generation, topic, partition, "offset")
               'replay', generation, topic, partition, "offset", append_time, key, wanted, sha256(coalesce(wanted, ''))
        FROM asked WHERE reason IS NOT NULL AND replayed_at IS NULL
        ORDER BY generation, topic, partition, "offset"
        ON CONFLICT (generation, topic, partition, "offset", wish, digest) DO UPDATE
            SET value = excluded.value, requested_at = now(), sent_at = NULL, claimed_until = NULL, done_at = NULL
    )
    SELECT array_agg(CASE WHEN reason IS NULL THEN 'unknown' WHEN replayed_at IS NOT NULL THEN 'replayed' ELSE 'requested' END
                     ORDER BY n)
    FROM asked
$$;

-- Books that dead letters are to be set aside, with the reason. Says for each `requested`, `discarded` or `replayed` where
-- it is so already, or `unknown`.
CREATE FUNCTION request_discards(generations integer[], topics text[], partitions integer[], offsets bigint[], why text)
RETURNS text[] LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT n, l.*
        FROM unnest(generations, topics, partitions, offsets) WITH ORDINALITY a (generation, topic, partition, "offset", n)
        LEFT JOIN dead_letters l USING (generation, topic, partition, "offset")
    ), booked AS (
        INSERT INTO dead_letter_requests (wish, generation, topic, partition, "offset", append_time, note, digest)
        SELECT DISTINCT ON (generation, topic, partition, "offset")
               'discard', generation, topic, partition, "offset", append_time, why, ''
        FROM asked WHERE reason IS NOT NULL AND replayed_at IS NULL AND discarded_at IS NULL
        ORDER BY generation, topic, partition, "offset"
        ON CONFLICT (generation, topic, partition, "offset", wish, digest) DO UPDATE
            SET note = excluded.note, requested_at = now(), done_at = NULL
    )
    SELECT array_agg(CASE WHEN reason IS NULL THEN 'unknown' WHEN replayed_at IS NOT NULL THEN 'replayed'
                          WHEN discarded_at IS NOT NULL THEN 'discarded' ELSE 'requested' END ORDER BY n)
    FROM asked
$$;

REVOKE ALL ON FUNCTION request_replays, request_discards FROM PUBLIC;
GRANT EXECUTE ON FUNCTION request_replays, request_discards TO tideline_producer;
GRANT SELECT, UPDATE (value, claimed_until, sent_at) ON dead_letter_requests TO tideline_producer;
GRANT SELECT, UPDATE (done_at) ON dead_letter_requests TO tideline_processor;
GRANT DELETE ON dead_letters TO tideline_processor;
GRANT SELECT (id, wish, generation, topic, partition, "offset", append_time, digest, note, requested_at, sent_at, done_at)
    ON dead_letter_requests TO tideline_api;

-- migrate:down
