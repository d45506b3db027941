-- migrate:up

-- One source of events: what is wanted, what is, who runs it and how far it got.
CREATE TABLE streams (
    id              text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    kind            text NOT NULL CHECK (kind IN ('host', 'simulation', 'dataset')),
    built_in        boolean NOT NULL DEFAULT false,
    spec            jsonb NOT NULL DEFAULT '{}',
    desired         text NOT NULL CHECK (desired IN ('running', 'paused', 'stopped', 'deleted')),
    state           text NOT NULL CHECK (state IN ('pending', 'running', 'paused', 'stopping', 'stopped', 'completed', 'failed')),
    reason          text,
    run             integer NOT NULL DEFAULT 1,
    run_start       timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    position        bigint NOT NULL DEFAULT 0,
    owner           text,
    lease_until     timestamptz,
    progress        jsonb NOT NULL DEFAULT '{}',
    dataset         jsonb NOT NULL DEFAULT '{}',
    delete_data     boolean NOT NULL DEFAULT false,
    changes         integer NOT NULL DEFAULT 0,
    unannounced     jsonb NOT NULL DEFAULT '[]',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN streams.run_start IS 'Event time of position 0 of this run; started_at is when it began to be run.';
COMMENT ON COLUMN streams.unannounced IS
    'Changes of state that topic `streams` does not have yet, written by trigger note_stream_state; changes counts all.';
COMMENT ON COLUMN streams.delete_data IS
    'Of a stream that is deleted: its data is to go too. The row stays, so that a new stream of this id gets runs of its own.';
COMMENT ON COLUMN streams.dataset IS
    'What was pulled: sha256, bytes, etag, last_modified, and rows once all are published. stale: to be asked for anew.';
COMMENT ON COLUMN streams.position IS 'Checkpoint: every event of this run below it was acknowledged by Kafka.';

-- One (stream, category) pair; the small id keys every hot table.
CREATE TABLE series (
    id        integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    stream    text NOT NULL,
    category  text NOT NULL,
    UNIQUE (stream, category)
);

-- Readings as accepted. The key is also the dedupe rule: same series, time and id = same event.
CREATE TABLE raw_readings (
    series_id  integer NOT NULL,
    timestamp  timestamptz NOT NULL,
    id         uuid NOT NULL,
    value      double precision NOT NULL,
    PRIMARY KEY (series_id, timestamp, id)
) PARTITION BY RANGE (timestamp);

-- Dataset rows as accepted, whole.
CREATE TABLE raw_rows (
    stream     text NOT NULL,
    timestamp  timestamptz NOT NULL,
    id         uuid NOT NULL,
    row        bigint NOT NULL,
    data       jsonb NOT NULL,
    PRIMARY KEY (stream, timestamp, id)
) PARTITION BY RANGE (timestamp);

-- One series over one UTC minute. Sums are fixed point, in units of 2^-62, so that they do not depend on the order
-- of arrival; window_values and quarter_values show them as plain numbers.
CREATE TABLE windows (
    series_id    integer NOT NULL,
    minute       timestamptz NOT NULL,
    count        bigint NOT NULL,
    sum          numeric NOT NULL,
    min          double precision NOT NULL,
    max          double precision NOT NULL,
    first_at     timestamptz NOT NULL,
    first_value  double precision NOT NULL,
    last_at      timestamptz NOT NULL,
    last_value   double precision NOT NULL,
    PRIMARY KEY (series_id, minute)
) WITH (fillfactor = 80);

-- The same over fifteen minutes. Bit i of minutes: minute i of the quarter has data.
CREATE TABLE quarters (
    series_id    integer NOT NULL,
    quarter      timestamptz NOT NULL,
    count        bigint NOT NULL,
    sum          numeric NOT NULL,
    min          double precision NOT NULL,
    max          double precision NOT NULL,
    first_at     timestamptz NOT NULL,
    first_value  double precision NOT NULL,
    last_at      timestamptz NOT NULL,
    last_value   double precision NOT NULL,
    minutes      smallint NOT NULL,
    PRIMARY KEY (series_id, quarter)
) WITH (fillfactor = 80);

-- Where each partition stands. next_offset moves only in the transaction that writes the effects of the records
-- below it; epoch is bumped by each new owner and fences the old one.
CREATE TABLE offsets (
    generation     integer NOT NULL DEFAULT 1,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    pass           integer NOT NULL DEFAULT 1,
    start_offset   bigint NOT NULL,
    next_offset    bigint NOT NULL,
    epoch          bigint NOT NULL DEFAULT 0,
    accepted       bigint NOT NULL DEFAULT 0,
    duplicate      bigint NOT NULL DEFAULT 0,
    rejected       bigint NOT NULL DEFAULT 0,
    bookmark_time  timestamptz,
    bookmark_hash  bytea,
    PRIMARY KEY (generation, topic, partition)
);
COMMENT ON COLUMN offsets.start_offset IS 'Where the current pass began.';
COMMENT ON COLUMN offsets.bookmark_hash IS 'sha256 of the last record taken (key, value), compared at each assignment.';

-- The ledger: one row per batch, ranges without gap or overlap.
CREATE TABLE batches (
    generation       integer NOT NULL,
    topic            text NOT NULL,
    partition        integer NOT NULL,
    pass             integer NOT NULL,
    first_offset     bigint NOT NULL,
    next_offset      bigint NOT NULL,
    accepted         bigint NOT NULL,
    duplicate        bigint NOT NULL,
    rejected         bigint NOT NULL,
    samples          bigint NOT NULL,
    touched_series   integer[],
    touched_minutes  integer[],
    committed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation, topic, partition, pass, first_offset),
    CHECK (next_offset > first_offset)
);
COMMENT ON COLUMN batches.touched_minutes IS
    'With touched_series: the windows this transaction changed, minutes since 1970, on one of its rows; kept a day.';
CREATE INDEX batches_committed_at ON batches (committed_at) WHERE touched_series IS NOT NULL;

-- Offsets that were never delivered.
CREATE TABLE gaps (
    generation   integer NOT NULL,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    pass         integer NOT NULL DEFAULT 1,
    from_offset  bigint NOT NULL,
    to_offset    bigint NOT NULL,
    cause        text NOT NULL CHECK (cause IN ('not_delivered', 'retention')),
    accepted_at  timestamptz,
    found_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation, topic, partition, pass, from_offset)
);

-- What retention or a deletion took away, so that the audit's sums still hold.
CREATE TABLE removed (
    id           bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    stream       text NOT NULL,
    table_name   text NOT NULL,
    range_start  timestamptz NOT NULL,
    range_end    timestamptz NOT NULL,
    rows         bigint NOT NULL,
    samples      bigint NOT NULL,
    removed_at   timestamptz NOT NULL DEFAULT now()
);

-- A record that could not be accepted: its bytes, its place and the reason.
CREATE TABLE dead_letters (
    generation   integer NOT NULL,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint NOT NULL,
    key          bytea,
    value        bytea,
    headers      jsonb NOT NULL DEFAULT '[]',
    reason       text NOT NULL,
    detail       text NOT NULL,
    append_time  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),
    replayed_at  timestamptz,
    PRIMARY KEY (generation, topic, partition, "offset")
);
CREATE INDEX dead_letters_received_at ON dead_letters (received_at);
COMMENT ON COLUMN dead_letters.headers IS 'List of [name, value in base64].';

-- migrate:down
