-- How each service stands over all replicas. Every replica adds the attempts it saw, in one transaction with the change of
-- status and its event, so that each change is announced once and downtime outlives restarts.
create table service_health (
  service_id             uuid not null,
  management_company_id  varchar(50) not null,
  status                 varchar(20) not null default 'unknown',
  failures_in_row        integer not null default 0,
  successes_in_row       integer not null default 0,
  lately                 json not null default '[]',   -- the last minute by slices: {at, attempts, failures, duration_ms}
  last_error             text,
  unhealthy_since        timestamptz,
  checked_at             timestamptz,
  constraint service_health_pkey primary key (service_id),
  constraint service_health_status_check check (status in ('healthy', 'degraded', 'down', 'unknown')),
  constraint service_health_service_fkey foreign key (management_company_id, service_id)
    references external_services (management_company_id, id) on delete cascade
);
create index ix_service_health_tenant on service_health (management_company_id);

alter table service_health enable row level security;
alter table service_health force row level security;
create policy service_health_tenant_policy on service_health to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy service_health_system_policy on service_health to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on service_health to integration_service_tenant, integration_service_system;
