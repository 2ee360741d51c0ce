-- What the linter, and fitting (rule 'fit', in runs.warnings too), had to say about a version.
CREATE TABLE sqlml.warnings (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rule VARCHAR NOT NULL,
    feature VARCHAR,
    message VARCHAR NOT NULL
);
INSERT INTO sqlml.warnings
SELECT model_id, version, unnest(range(1, len(warnings) + 1)), 'fit', NULL, unnest(warnings) FROM sqlml.runs;
