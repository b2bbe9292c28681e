-- +goose Up

-- One row: which generation of read-model tables is live, and up to which event its
-- rows stand. It moves in the transaction that writes the rows, by compare-and-set.
create table projections.checkpoint (
    single     boolean primary key default true check (single),
    generation bigint  not null,
    models     text    not null, -- names and versions of the models that made the tables
    position   bigint,           -- of the last event, null before the first
    event_id   uuid,
    moved_at   timestamptz not null default now(),
    check ((position is null) = (event_id is null))
);

-- How far a rebuild has come, so that whoever waits sees it move. One row while there is
-- one; what a crash leaves stands still until the next.
create table projections.building (
    single     boolean primary key default true check (single),
    generation bigint not null,
    position   bigint not null,
    log_end    bigint not null
);

-- Cases that could not be projected. Their rows stand as they were before the event
-- that is named here; later events of the case wait.
create table projections.parked (
    generation bigint not null,
    case_id    uuid   not null,
    revision   bigint not null,
    position   bigint not null,
    event_id   uuid   not null,
    type       text   not null,
    reason     text   not null, -- no personal data: events hide theirs from every print
    parked_at  timestamptz not null default now(),
    primary key (generation, case_id)
);
