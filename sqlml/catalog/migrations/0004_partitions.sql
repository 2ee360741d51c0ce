-- The models of a partitioned one, and the keys that could not be trained.
CREATE TABLE sqlml.partitions (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key VARCHAR[] NOT NULL,
    training_rows BIGINT NOT NULL,
    evaluation_rows BIGINT NOT NULL,
    error VARCHAR
);
