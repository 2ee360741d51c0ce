-- Who may do what: principals, memberships, tokens, grants, owners, filters, masks, policies, tags, volumes, limits.
-- A file without principals is not governed. Names are compared without case: folded_* is what is compared.
CREATE TABLE sqlml.principals (
    folded_name VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    verifier VARCHAR,
    is_superuser BOOLEAN NOT NULL,
    can_login BOOLEAN NOT NULL,
    valid_until TIMESTAMP,
    comment VARCHAR,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
CREATE TABLE sqlml.memberships (
    member VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    with_admin BOOLEAN NOT NULL,
    grantor VARCHAR NOT NULL,
    granted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (member, role)
);
CREATE TABLE sqlml.tokens (
    token_id VARCHAR PRIMARY KEY,
    principal VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    comment VARCHAR,
    valid_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
CREATE TABLE sqlml.grants (
    grantee VARCHAR NOT NULL,
    privilege VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object_name VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL,
    grantor VARCHAR NOT NULL,
    with_grant_option BOOLEAN NOT NULL,
    granted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (grantee, privilege, kind, schema_name, object_name, column_name, grantor)
);
CREATE TABLE sqlml.owners (
    kind VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object_name VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    PRIMARY KEY (kind, schema_name, object_name)
);
CREATE TABLE sqlml.row_filters (
    schema_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    function_schema VARCHAR NOT NULL,
    function_name VARCHAR NOT NULL,
    arguments VARCHAR[] NOT NULL,
    set_by VARCHAR NOT NULL,
    PRIMARY KEY (schema_name, table_name)
);
CREATE TABLE sqlml.column_masks (
    schema_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL,
    function_schema VARCHAR NOT NULL,
    function_name VARCHAR NOT NULL,
    arguments VARCHAR[] NOT NULL,
    set_by VARCHAR NOT NULL,
    PRIMARY KEY (schema_name, table_name, column_name)
);
CREATE TABLE sqlml.policies (
    policy_name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object_name VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    function_schema VARCHAR NOT NULL,
    function_name VARCHAR NOT NULL,
    principals VARCHAR[] NOT NULL,
    except_principals VARCHAR[] NOT NULL,
    condition VARCHAR,
    aliases VARCHAR[] NOT NULL,
    alias_conditions VARCHAR[] NOT NULL,
    on_column VARCHAR,
    arguments VARCHAR[] NOT NULL,
    set_by VARCHAR NOT NULL,
    comment VARCHAR,
    PRIMARY KEY (policy_name, kind, schema_name, object_name)
);
CREATE TABLE sqlml.object_tags (
    kind VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object_name VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL,
    tag VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (kind, schema_name, object_name, column_name, tag)
);
CREATE TABLE sqlml.volumes (
    folded_name VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    comment VARCHAR,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
CREATE TABLE sqlml.limits (
    principal VARCHAR NOT NULL,
    limit_name VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    PRIMARY KEY (principal, limit_name)
);
CREATE TABLE sqlml.access_version (version BIGINT NOT NULL);
INSERT INTO sqlml.access_version VALUES (0);
-- Nobody counts with it: every change of access alters its comment, so that DuckDB's catalog has another version.
CREATE SEQUENCE sqlml.access_changes;
