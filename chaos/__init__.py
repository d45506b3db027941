"""Random faults over a whole running pipeline, by seed, checked while they last and recounted when they have ended."""
