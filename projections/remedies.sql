create table remedies (
    tenant       text        not null,
    case_id      uuid        not null,
    revision     bigint      not null,
    remedy_id    text        not null,
    stage        text,
    type         text        not null,
    origin       text        not null,
    state        text        not null,
    amount       bigint      not null, -- pence; 0 where it is not financial
    amount_paid  bigint      not null, -- pence
    offered_at   timestamptz,          -- the first offer
    offered_on   date,
    accepted_at  timestamptz,
    accepted_on  date,
    deliver_by   date,
    delivered_on date,
    service      text        not null,
    category     text        not null,
    ward         text        not null,
    channel      text        not null,
    kind         text        not null,
    procedure    text        not null,
    counted      boolean     not null,
    imported     boolean     not null
);
-- indexes
alter table remedies add primary key (case_id, remedy_id);
create index on remedies (offered_on);
