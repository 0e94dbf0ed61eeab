-- Sessions of the console: a cookie's secret is kept as its hash only, and stands for the credential that was exchanged for it.
create table console_sessions (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  secret_sha256          bytea not null,
  -- of the service token that was exchanged: the session ends with it. null: a JWT or a one-time link
  credential_sha256      bytea,
  name                   varchar(200) not null,
  scopes                 text[] not null,
  tenants                text[] not null,           -- `*`: every tenant
  created_at             timestamptz not null default now(),
  expires_at             timestamptz not null,
  revoked_at             timestamptz,
  constraint console_sessions_pkey primary key (id),
  constraint console_sessions_secret_key unique (secret_sha256)
);
create index ix_console_sessions_expires on console_sessions (expires_at);

alter table console_sessions enable row level security;
alter table console_sessions force row level security;
create policy console_sessions_tenant_policy on console_sessions to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy console_sessions_system_policy on console_sessions to integration_service_system using (true) with check (true);
grant select, insert, update, delete on console_sessions to integration_service_tenant, integration_service_system;
