-- Who changed what of a tenant's configuration, before and after, without secrets. Written in the change's transaction.
-- No foreign key: what was done to a thing is still known when the thing is gone.
create table configuration_audit (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  entity                 varchar(40) not null,     -- service, …
  entity_id              varchar(100) not null,
  action                 varchar(20) not null,
  changed_by             varchar(200),
  request_id             varchar(128),
  before                 json,                     -- null: created
  after                  json,                     -- null: deleted
  changed_secrets        text[] not null default '{}',   -- names of the write-only members that were set or taken away
  changed_at             timestamptz not null,
  constraint configuration_audit_pkey primary key (id),
  constraint configuration_audit_action_check check (action in ('created', 'changed', 'deleted'))
);
create index ix_configuration_audit_entity on configuration_audit (management_company_id, entity, entity_id, id desc);

alter table configuration_audit enable row level security;
alter table configuration_audit force row level security;
create policy configuration_audit_tenant_policy on configuration_audit to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy configuration_audit_system_policy on configuration_audit to integration_service_system
  using (true) with check (true);
-- Nobody rewrites the history.
grant select, insert on configuration_audit to integration_service_tenant, integration_service_system;
