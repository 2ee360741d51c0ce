-- What a TRANSFORM clause makes of the raw columns, with what it learned, as JSON.
CREATE TABLE sqlml.transforms (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    clause VARCHAR NOT NULL
);
