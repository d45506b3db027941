-- What the streams were asked to be: of a dataset, which of its fields are samples.
SELECT id, spec::text AS spec FROM streams WHERE kind = 'dataset'
