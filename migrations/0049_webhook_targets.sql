-- Further targets of a webhook, beside its `target_url`. A delivery of one stands in the queue of its target: there
-- webhook_deliveries.webhook_id is the target's id.
create table webhook_targets (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  webhook_id               uuid not null,
  position                 integer not null,
  url                      varchar(2048) not null,
  event_types              json not null,
  conditions               json not null,
  secret                   text not null,            -- sealed; signs deliveries
  previous_secret          text,                     -- sealed; signs too until the next
  previous_secret_until    timestamptz,
  headers                  text,                     -- sealed
  timeout_seconds          integer,
  max_attempts             integer,
  ordered                  boolean not null,
  paused                   boolean not null,
  failing_since            timestamptz,              -- the first failure since its last success
  off_at                   timestamptz,
  off_reason               varchar(20),              -- gone, failing
  constraint webhook_targets_pkey primary key (id)
);
create index ix_webhook_targets_webhook on webhook_targets (webhook_id, position);

alter table webhook_targets enable row level security;
alter table webhook_targets force row level security;
create policy webhook_targets_tenant_policy on webhook_targets to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy webhook_targets_system_policy on webhook_targets to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on webhook_targets to integration_service_tenant, integration_service_system;
