create table clocks (
    tenant        text        not null,
    case_id       uuid        not null,
    revision      bigint      not null,
    clock         text        not null, -- STAGE.ID, all.ID for clocks of the whole case
    instance      integer     not null, -- how many clocks of this name the case had before
    stage         text        not null,
    class         text        not null, -- obligation, target, guard or window
    basis         text        not null,
    actor         text,
    answers       boolean     not null, -- whether the stage's answer stops it
    state         text        not null, -- provisional, running, paused, met, missed, void, superseded or unknown; running is at_due, or overdue, from due_instant on
    at_due        text,                 -- what a clock that is judged by what is outstanding becomes then
    started_at    timestamptz,
    due_on        date,                 -- last day on time
    due_instant   timestamptz,          -- first instant too late; null while paused
    original_due_on      date,          -- without extensions
    original_due_instant timestamptz,
    stopped_at    timestamptz,
    extended      boolean     not null,
    days_used     integer,              -- counted days from start to stop, by the clock's own calendar and pauses
    service       text        not null,
    category      text        not null,
    ward          text        not null,
    channel       text        not null,
    kind          text        not null,
    procedure     text        not null,
    counted       boolean     not null,
    imported      boolean     not null,
    calendar      text        not null
);
-- indexes
alter table clocks add primary key (case_id, clock, instance);
create index on clocks (due_on);
create index on clocks (due_instant) where state = 'running';
