-- What an OAuth2 server gives in place of a service's refresh token: the tokens in force, shared by all replicas. One row a service.
create table service_grants (
  service_id             uuid not null,
  management_company_id  varchar(50) not null,
  sealed                 text,                     -- sealed; null before the first
  claimed_by             uuid,                     -- the one renewal under way: a refresh token may be used once only
  claimed_until          timestamptz,
  constraint service_grants_pkey primary key (service_id),
  constraint service_grants_service_fkey foreign key (management_company_id, service_id)
    references external_services (management_company_id, id) on delete cascade
);

alter table service_grants enable row level security;
alter table service_grants force row level security;
create policy service_grants_system_policy on service_grants to integration_service_system using (true) with check (true);
-- Tenants have no rights here; the policy is there for the day that somebody grants some.
create policy service_grants_tenant_policy on service_grants for select to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true));
grant select, insert, update on service_grants to integration_service_system;
