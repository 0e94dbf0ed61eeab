-- Ids of intake records that have no row of their own to be known by (roll-ups of cache hits): written in the commit that
-- counts them, so that a record whose commit was repeated, or that drained twice, is counted once. Kept some weeks.
create table intake_marks (
  id                     uuid not null,
  seen_at                timestamptz not null default now(),
  constraint intake_marks_pkey primary key (id)
);
create index ix_intake_marks_seen_at on intake_marks (seen_at);
grant select, insert, delete on intake_marks to integration_service_system;
