CREATE TABLE readings (
    stream text, category text, timestamp timestamptz, id uuid, value float8 NOT NULL,
    PRIMARY KEY (stream, category, timestamp, id)
);
CREATE TABLE minutes (
    stream text, category text, minute timestamptz,
    count bigint NOT NULL, sum float8 NOT NULL, min float8 NOT NULL, max float8 NOT NULL,
    PRIMARY KEY (stream, category, minute)
);
