-- Refused deliveries whole, sealed, for 24 hours: one can be accepted after its webhook's secret was put right.
create table webhook_refused_bodies (
  id                       uuid not null,            -- of its trace in webhook_events
  management_company_id    varchar(50) not null,
  webhook_id               uuid not null,
  sealed                   bytea not null,
  refused_at               timestamptz not null,
  constraint webhook_refused_bodies_pkey primary key (id)
);
create index ix_webhook_refused_bodies_webhook on webhook_refused_bodies (webhook_id, refused_at desc);
create index ix_webhook_refused_bodies_at on webhook_refused_bodies (refused_at);

alter table webhook_refused_bodies enable row level security;
alter table webhook_refused_bodies force row level security;
create policy webhook_refused_bodies_tenant_policy on webhook_refused_bodies to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy webhook_refused_bodies_system_policy on webhook_refused_bodies to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on webhook_refused_bodies to integration_service_tenant, integration_service_system;

-- What a target answered, beside its body.
alter table webhook_attempts add column response_headers json;
