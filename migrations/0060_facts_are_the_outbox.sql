-- What a call or a delivery left behind is its own outbox: no second row for its events. A fact carries the process that
-- wrote it and that process's running number; the relay notes up to which number the broker has confirmed.
-- Null in both: nothing is to be published of this row (refusals, ignored deliveries, rows of versions before this one).
alter table integration_logs
  add column origin uuid,
  add column origin_number bigint,
  add column response_size_bytes bigint,
  add column will_retry boolean;
alter table webhook_events
  add column origin uuid,
  add column origin_number bigint;

-- ONLY: days that exist already are not indexed under a lock, and get no facts beyond tomorrow. Later days get the index.
create index ix_integration_logs_origin on only integration_logs (origin, origin_number) where origin is not null;
create index ix_webhook_events_origin on only webhook_events (origin, origin_number) where origin is not null;

-- One row per process. All its facts up to this number are with the broker.
create table relay_marks (
  origin                 uuid not null,
  published_up_to        bigint not null,
  facts_since            timestamptz not null,    -- none of its facts is older: only these days are looked through
  -- When another process found that nothing is left. It looks again for a day: a paused process may still write.
  cleared_at             timestamptz,
  checked_at             timestamptz,
  constraint relay_marks_pkey primary key (origin)
);
grant select, insert, update, delete on relay_marks to integration_service_system;
-- Whether a delivery's event still waits is shown to its tenant; a mark says nothing of any tenant.
grant select on relay_marks to integration_service_tenant;
