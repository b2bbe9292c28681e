-- +goose Up
create table accounts.accounts (
    name       text primary key,
    actor_id   uuid not null unique,
    created_at timestamptz not null
);
create table accounts.tokens (
    id         uuid primary key,
    account    text not null references accounts.accounts (name),
    hash       bytea not null unique check (octet_length(hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz
);
create index tokens_account on accounts.tokens (account);
create table accounts.sessions (
    token      text primary key, -- base64 of the SHA-256 of the cookie's value
    data       bytea not null,
    expires_at timestamptz not null
);
create index sessions_expires_at on accounts.sessions (expires_at);
