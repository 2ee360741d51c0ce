-- Owners, comments, aliases and tags of models; experiments, as MLflow has them.
ALTER TABLE sqlml.models ADD COLUMN owner VARCHAR;
ALTER TABLE sqlml.models ADD COLUMN comment VARCHAR;
ALTER TABLE sqlml.models ADD COLUMN last_version INTEGER;
UPDATE sqlml.models SET owner = created_by;
UPDATE sqlml.models SET last_version = (
    SELECT max(v.version) FROM sqlml.model_versions AS v WHERE v.model_id = sqlml.models.model_id
);
CREATE TABLE sqlml.aliases (
    model_id VARCHAR NOT NULL,
    alias VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    PRIMARY KEY (model_id, alias)
);
CREATE TABLE sqlml.experiments (
    experiment_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    creation_time TIMESTAMP NOT NULL
);
INSERT INTO sqlml.experiments VALUES ('0', 'Default', TIMESTAMP '1970-01-01');
ALTER TABLE sqlml.runs ADD COLUMN experiment_id VARCHAR DEFAULT '0';
ALTER TABLE sqlml.runs ADD COLUMN run_name VARCHAR;
CREATE TABLE sqlml.datasets (
    run_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    num_rows BIGINT NOT NULL
);
CREATE TABLE sqlml.tags (
    model_id VARCHAR NOT NULL,
    version INTEGER,
    key VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);
