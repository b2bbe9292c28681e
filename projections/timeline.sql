create table timeline (
    tenant        text        not null,
    case_id       uuid        not null,
    revision      bigint      not null,
    position      bigint      not null,
    event_id      uuid        not null,
    type          text        not null,
    version       integer     not null,
    occurred_at   timestamptz not null,
    recorded_at   timestamptz not null,
    actor         text        not null,
    actor_role    text        not null,
    on_behalf_of  text,
    way_in        text        not null,
    stage         text,                 -- after the event
    status        text,                 -- after the event
    changed       jsonb       not null, -- [{"field","from","to"}], never a personal value
    data          text        not null  -- JSON as stored: what is personal stays sealed
);
-- indexes
alter table timeline add primary key (case_id, revision);
create index on timeline (position);
