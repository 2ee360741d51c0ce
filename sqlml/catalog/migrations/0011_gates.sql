-- What a version must hold to be the champion, and who promoted one that does not.
CREATE TABLE sqlml.model_constraints (
    model_id VARCHAR NOT NULL,
    folded_name VARCHAR NOT NULL,
    constraint_name VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    query VARCHAR,
    slices VARCHAR[] NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    PRIMARY KEY (model_id, folded_name)
);
CREATE TABLE sqlml.forced_promotions (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    violations VARCHAR[] NOT NULL,
    forced_at TIMESTAMP NOT NULL,
    forced_by VARCHAR NOT NULL
);
