-- What was called, and how long it took, by minute (48 h), hour (30 days) and day (as long as the logs): written in the commit
-- of the rows it counts, so that a chart reads some hundred rows, however long the log is.
create table usage_series (
  management_company_id  varchar(50) not null,
  step                   varchar(6) not null,       -- minute, hour, day
  bucket_start           timestamptz not null,
  service_name           varchar(200) not null,     -- of webhooks the webhook's name
  operation              varchar(40) not null,      -- of webhooks `webhook`
  request_count          bigint not null default 0,
  error_count            bigint not null default 0,
  cached_count           bigint not null default 0,
  miss_count             bigint not null default 0,
  webhook_count          bigint not null default 0,
  total_cost             double precision not null default 0,
  saved_by_cache         double precision not null default 0,
  -- Calls that took at most so many milliseconds, and more than the column before.
  within_10              bigint not null default 0,
  within_25              bigint not null default 0,
  within_50              bigint not null default 0,
  within_100             bigint not null default 0,
  within_250             bigint not null default 0,
  within_500             bigint not null default 0,
  within_1000            bigint not null default 0,
  within_2500            bigint not null default 0,
  within_5000            bigint not null default 0,
  within_10000           bigint not null default 0,
  beyond_10000           bigint not null default 0,
  constraint usage_series_pkey primary key (management_company_id, step, bucket_start, service_name, operation),
  constraint usage_series_step_check check (step in ('minute', 'hour', 'day'))
) with (fillfactor = 60);
-- For retention.
create index ix_usage_series_expires on usage_series (step, bucket_start);

alter table usage_series enable row level security;
alter table usage_series force row level security;
create policy usage_series_tenant_policy on usage_series to integration_service_tenant
  using (management_company_id = current_setting('app.tenant_id', true))
  with check (management_company_id = current_setting('app.tenant_id', true));
create policy usage_series_system_policy on usage_series to integration_service_system using (true) with check (true);
grant select on usage_series to integration_service_tenant;
grant select, insert, update, delete on usage_series to integration_service_system;
