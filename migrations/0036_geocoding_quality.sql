-- How well each geocoder answered, by day and city: counted in memory, added here every few seconds.
create table geocoding_quality (
  management_company_id  varchar(50) not null,
  day                    date not null,
  service_name           varchar(100) not null,
  city                   varchar(200) not null,     -- empty: not known
  asked                  bigint not null default 0,
  good                   bigint not null default 0,
  poor                   bigint not null default 0,
  empty                  bigint not null default 0,
  failed                 bigint not null default 0,
  compared               bigint not null default 0, -- with the next provider's answer
  disagreed              bigint not null default 0, -- of these by more than 100 m
  constraint geocoding_quality_pkey primary key (management_company_id, day, service_name, city)
);

alter table geocoding_quality enable row level security;
alter table geocoding_quality force row level security;
create policy geocoding_quality_tenant_policy on geocoding_quality to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy geocoding_quality_system_policy on geocoding_quality to integration_service_system
  using (true) with check (true);
grant select, insert, update, delete on geocoding_quality to integration_service_tenant, integration_service_system;
