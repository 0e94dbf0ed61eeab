-- What a tenant has set for its geocoding questions: defaults, and streets that were renamed.
create table geocoding_settings (
  management_company_id  varchar(50) not null,
  settings               jsonb not null,
  updated_at             timestamptz not null default now(),
  constraint geocoding_settings_pkey primary key (management_company_id)
);

alter table geocoding_settings enable row level security;
alter table geocoding_settings force row level security;
create policy geocoding_settings_tenant_policy on geocoding_settings to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy geocoding_settings_system_policy on geocoding_settings to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on geocoding_settings to integration_service_tenant, integration_service_system;

create function notify_geocoding_settings_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('geocoding_settings_changed', new.management_company_id);
  return null;
end $$;

create trigger geocoding_settings_changed after insert or update on geocoding_settings
  for each row execute function notify_geocoding_settings_changed();
