create table facts (
    tenant          text        not null,
    case_id         uuid        not null,
    revision        bigint      not null,
    instance        integer     not null, -- of the case's stages, from 0, in the order of entry
    stage           text        not null,
    formal          boolean     not null,
    has_next        boolean     not null, -- the procedure has a stage after it
    entered         boolean     not null, -- false where an import answers a stage that nothing entered
    service         text        not null,
    category        text        not null,
    ward            text        not null,
    channel         text        not null,
    kind            text        not null,
    procedure       text        not null,
    counted         boolean     not null,
    imported        boolean     not null,
    received_on     date        not null,
    entered_at      timestamptz,
    entered_on      date,
    officer         text,
    team            text,
    ack_at          timestamptz,
    ack_state       text,                 -- of the acknowledgement's clock
    ack_due_on      date,
    ack_due         timestamptz,
    responded_at    timestamptz,
    responded_on    date,
    outcome         text,
    due_state       text,                 -- of the response clock
    due_on          date,                 -- in force
    due             timestamptz,
    original_due_on date,                 -- without extensions
    original_due    timestamptz,
    ended_at        timestamptz,          -- when the response clock stopped, by whatever
    extended        boolean     not null,
    extension_code  text,                 -- reason code of the first extension
    days_used       integer,              -- counted days to the response; null where the clock never started
    days_in_all     integer,              -- civil days from receipt to the response
    escalated_at    timestamptz,          -- when the next stage was asked for, at or after the answer
    escalation_days integer               -- working days between
);
-- indexes
alter table facts add primary key (case_id, instance);
create index on facts (responded_on);
create index on facts (entered_on);
create index on facts (original_due_on);
create index on facts (ack_due_on);
