-- +goose Up

-- One row: which vault this is, and the fingerprint of the key that its keys are
-- wrapped with.
create table vault.identity (
	one             boolean primary key default true check (one),
	vault_id        uuid not null,
	kek_fingerprint text not null,
	created_at      timestamptz not null default now()
);

-- A key that was destroyed keeps its row, so that "destroyed" and "never there" can
-- be told apart for ever.
create table vault.keys (
	id           uuid primary key,
	subject      text not null check (subject <> ''),
	wrapped      bytea,
	created_at   timestamptz not null default now(),
	destroyed_at timestamptz,
	constraint destroyed_has_no_key check ((wrapped is null) = (destroyed_at is not null))
);

-- A subject has one living key at most. Minting by several processes rests on this.
create unique index keys_living on vault.keys (subject) where destroyed_at is null;
create index keys_subject on vault.keys (subject);
