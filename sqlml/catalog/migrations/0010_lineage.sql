-- What statements wrote, and from which columns each column was computed; rows are only added, so nobody waits.
CREATE TABLE sqlml.lineage_events (
    event_id VARCHAR NOT NULL,
    event_time TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    statement VARCHAR NOT NULL,
    target_type VARCHAR NOT NULL,
    target_schema VARCHAR,
    target_name VARCHAR NOT NULL,
    target_version INTEGER,
    is_new BOOLEAN NOT NULL,
    edge_set VARCHAR
);
CREATE TABLE sqlml.lineage_edges (
    edge_set VARCHAR NOT NULL,
    source_type VARCHAR NOT NULL,
    source_catalog VARCHAR,
    source_schema VARCHAR,
    source_name VARCHAR NOT NULL,
    source_version INTEGER,
    source_column VARCHAR,
    target_column VARCHAR
);
