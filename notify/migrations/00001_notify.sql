-- +goose Up

-- How far the log has been published: the last event that the broker has acknowledged, with all before it.
create table notify.fanout (
    tenant   text primary key,
    position bigint not null check (position >= 0),
    event_id uuid not null,
    stream   timestamptz not null, -- when the stream was made; another has to be filled from the beginning
    moved_at timestamptz not null
);

-- From where on a notifier speaks. What happened before it was first configured is never sent.
create table notify.notifiers (
    tenant        text not null,
    name          text not null,
    starts_after  bigint not null check (starts_after >= 0), -- the log's last position by then
    registered_at timestamptz not null,
    primary key (tenant, name)
);

-- What became of each event at each notifier. Nothing here is personal.
create table notify.deliveries (
    tenant   text not null,
    notifier text not null,
    event_id uuid not null,
    position bigint not null check (position >= 0),
    type     text not null,
    state    text not null check (state in ('sending', 'sent', 'held', 'failed', 'dropped')),
    attempts integer not null,
    at       timestamptz not null, -- of the last change
    why      text not null default '',
    primary key (tenant, notifier, event_id)
);

create index deliveries_waiting on notify.deliveries (tenant, state, at) where state in ('held', 'failed');
