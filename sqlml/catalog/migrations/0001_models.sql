-- Models, their versions, artifacts and runs; the columns of runs, params and metrics are MLflow's.
CREATE TABLE sqlml.models (
    model_id VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    model_name VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
CREATE TABLE sqlml.model_versions (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    model_type VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    encoding VARCHAR NOT NULL,
    label_name VARCHAR NOT NULL,
    label_type VARCHAR NOT NULL,
    classes VARCHAR[] NOT NULL,
    training_query VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    PRIMARY KEY (model_id, version)
);
CREATE TABLE sqlml.artifacts (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    format VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    feature_signature VARCHAR NOT NULL,
    library_versions VARCHAR NOT NULL,
    signature VARCHAR NOT NULL,
    key_id VARCHAR NOT NULL,
    size_bytes BIGINT NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE sqlml.features (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    family VARCHAR NOT NULL
);
CREATE TABLE sqlml.runs (
    run_id VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    start_time TIMESTAMP NOT NULL,
    end_time TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,
    training_rows BIGINT NOT NULL,
    evaluation_rows BIGINT NOT NULL,
    dropped_rows BIGINT NOT NULL,
    evaluation_source VARCHAR NOT NULL,
    warnings VARCHAR[] NOT NULL
);
CREATE TABLE sqlml.params (
    run_id VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    value VARCHAR
);
CREATE TABLE sqlml.metrics (
    run_id VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    value DOUBLE,
    step INTEGER NOT NULL,
    timestamp TIMESTAMP NOT NULL
);
CREATE TABLE sqlml.source_relations (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    catalog_name VARCHAR,
    schema_name VARCHAR,
    relation_name VARCHAR NOT NULL,
    is_path BOOLEAN NOT NULL
);
CREATE TABLE sqlml.source_columns (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    relation_name VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL
);
