create table cases (
    tenant             text        not null,
    case_id            uuid        not null,
    revision           bigint      not null, -- of the last event
    position           bigint      not null, -- of the last event
    ref                text        not null, -- as shown to people
    source_system      text,                 -- imported cases only
    source_ref         text,
    kind               text        not null, -- as last classified
    channel            text        not null,
    service            text        not null,
    category           text        not null,
    ward               text        not null, -- 'not known' where there is none
    procedure          text        not null, -- ID@VERSION
    procedure_id       text        not null,
    status             text        not null,
    stage              text        not null,
    step               text        not null,
    closed_reason      text,
    officer            text,                 -- who holds the current stage, an id
    counted            boolean     not null, -- reports count it: not a duplicate, not entered in error
    imported           boolean     not null,
    received_at        timestamptz not null,
    received_on        date        not null, -- London, as every date
    recorded_at        timestamptz not null,
    last_at            timestamptz not null, -- when the last event was recorded
    withdrawn_at       timestamptz,
    withdrawn_on       date,
    closed_at          timestamptz,          -- null while open
    open_during        tstzmultirange not null,
    suspended_during   tstzmultirange not null,
    outcome            text,                 -- of the last answered stage
    responded_at       timestamptz,          -- the last answered stage's
    due_clock          text,                 -- the response clock that runs and is due first
    due_on             date,                 -- its last day on time
    due_instant        timestamptz,          -- the first instant too late; null while paused
    answered_in_time   boolean,              -- every answered stage met its response clock; null when none was judged
    raise_by           date,                 -- the last day on which the matter could be raised in time
    flags              jsonb       not null, -- those that are on
    parties            jsonb       not null, -- person ids
    issues             jsonb       not null, -- id, category and last finding; no text
    calendar           text        not null  -- version by which the clocks were computed
);
-- indexes
alter table cases add primary key (case_id);
create index on cases (ref);
create index on cases (source_ref);
create index on cases (received_at, case_id);
create index on cases (due_instant) where status <> 'closed';
create index on cases (status, received_at);
create index on cases using gin (parties jsonb_path_ops);
