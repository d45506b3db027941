-- Since when raw data is kept; NULL: all of it is.
SELECT kept_from FROM raw_horizon
