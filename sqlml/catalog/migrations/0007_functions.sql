-- Functions in Python: each is a macro of that name that calls the body kept here, signed as it was created.
CREATE TABLE sqlml.functions (
    function_id VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    function_name VARCHAR NOT NULL,
    parameter_names VARCHAR[] NOT NULL,
    parameter_types VARCHAR[] NOT NULL,
    return_type VARCHAR NOT NULL,
    entry_point VARCHAR NOT NULL,
    is_vectorized BOOLEAN NOT NULL,
    is_deterministic BOOLEAN NOT NULL,
    body VARCHAR NOT NULL,
    description VARCHAR,
    signature VARCHAR NOT NULL,
    key_id VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
