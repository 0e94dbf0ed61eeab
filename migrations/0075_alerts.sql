-- Which problems were told outside (Telegram, a webhook), so that one is told once over all replicas and restarts, and its end too.
create table alerts (
  problem_key            char(64) not null,
  -- Empty: a problem of the service itself, which no tenant has alone.
  tenant                 varchar(50) not null,
  problem                jsonb not null,
  begun_at               timestamptz not null default now(),
  missing_since          timestamptz,
  told_at                timestamptz,
  constraint alerts_pkey primary key (problem_key)
);
grant select, insert, update, delete on alerts to integration_service_system;

-- Messages that wait for their channel; one is deleted when it is sent, or after its last try.
create table alert_messages (
  id                     uuid not null,
  channel                varchar(20) not null,
  body                   text not null,
  attempt_count          integer not null default 0,
  next_attempt_at        timestamptz not null default now(),
  constraint alert_messages_pkey primary key (id)
);
create index ix_alert_messages_next_attempt_at on alert_messages (next_attempt_at);
grant select, insert, update, delete on alert_messages to integration_service_system;
