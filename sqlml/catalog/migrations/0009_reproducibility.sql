-- What it takes to train a version again, and what the relations were like that its query read.
CREATE TABLE sqlml.recipes (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    options VARCHAR NOT NULL,
    transform VARCHAR,
    lineage_hash VARCHAR NOT NULL
);
CREATE TABLE sqlml.source_fingerprints (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    catalog_name VARCHAR,
    schema_name VARCHAR NOT NULL,
    relation_name VARCHAR NOT NULL,
    num_rows BIGINT NOT NULL,
    digest VARCHAR NOT NULL
);
