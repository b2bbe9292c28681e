-- +goose Up

-- One row: how far the log has been searched for erasures, all of which have been applied here. It is part of every
-- copy of the vault, so that an older copy which is put back applies again what it had not seen.
create table vault.erasures (
	one      boolean primary key default true check (one),
	position bigint not null check (position >= 0),
	event_id uuid not null
);
