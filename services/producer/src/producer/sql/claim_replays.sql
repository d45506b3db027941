-- Gives up to $2 of the replays that wait to be published to this copy, for $1 seconds, oldest first.
SELECT * FROM claim_replays($1, $2)
