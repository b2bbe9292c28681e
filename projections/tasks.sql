create table tasks (
    tenant       text        not null,
    case_id      uuid        not null,
    n            bigint      not null, -- tells the tasks of a case apart
    revision     bigint      not null,
    name         text        not null,
    about        text        not null, -- the clock, the scope, the remedy or the ground
    stands_from  timestamptz not null, -- it stands open from this moment
    stands_until timestamptz,          -- and no longer from this one; null where only an event ends it
    batch        text                  -- the import that has to be signed off first; null for a case of our own
);
-- indexes
alter table tasks add primary key (case_id, n);
create index on tasks (stands_from);
