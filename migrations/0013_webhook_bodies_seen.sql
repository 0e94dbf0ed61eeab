-- The bodies that a webhook with `duplicate_by: delivery_id_or_body` has taken, kept at least 7 days: a second delivery of
-- one is a duplicate, whatever id it bears. A table of its own: ids come from the sender, and must not pass for hashes.
create table webhook_bodies_seen (
  webhook_id               uuid not null,
  body_sha256              bytea not null,
  management_company_id    varchar(50) not null,
  webhook_event_id         uuid not null,
  seen_at                  timestamptz not null,
  constraint webhook_bodies_seen_pkey primary key (webhook_id, body_sha256)
);
create index ix_webhook_bodies_seen_at on webhook_bodies_seen (seen_at);

alter table webhook_bodies_seen enable row level security;
alter table webhook_bodies_seen force row level security;
create policy webhook_bodies_seen_tenant_policy on webhook_bodies_seen to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy webhook_bodies_seen_system_policy on webhook_bodies_seen to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on webhook_bodies_seen to integration_service_tenant, integration_service_system;
