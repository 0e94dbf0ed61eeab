-- Sending again all events that match a filter: in the background, page by page, so that it can be watched and stopped and
-- outlives the process that began it.
create table webhook_redrives (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  filter                   json not null,
  send_to                  varchar(10) not null,     -- all, target, failed
  state                    varchar(10) not null,     -- sending; settling: all is sent, and some waits at its target
  matched_count            integer not null,         -- when it began; counted up to 100,000
  sent_count               integer not null default 0,
  skipped_count            integer not null default 0,
  delivered_count          integer not null default 0,  -- deliveries, of which an event has one a target
  failed_count             integer not null default 0,
  cancelled_count          integer not null default 0,
  after_received_at        timestamptz,              -- the place of the last event that was looked at
  after_event_id           uuid,
  request_id               varchar(128) not null,
  created_by               varchar(200) not null,
  created_at               timestamptz not null default now(),
  finished_at              timestamptz,
  constraint webhook_redrives_pkey primary key (id),
  constraint webhook_redrives_state_check check (state in ('sending', 'settling', 'done', 'stopped'))
);
create index ix_webhook_redrives_tenant on webhook_redrives (management_company_id, created_at desc);
create index ix_webhook_redrives_running on webhook_redrives (id) where state in ('sending', 'settling');

-- Its deliveries that wait at their targets; those that came to an end are counted and go.
create table webhook_redrive_deliveries (
  redrive_id               uuid not null,
  webhook_delivery_id      uuid not null,
  management_company_id    varchar(50) not null,
  constraint webhook_redrive_deliveries_pkey primary key (redrive_id, webhook_delivery_id),
  constraint webhook_redrive_deliveries_redrive_fkey foreign key (redrive_id) references webhook_redrives (id) on delete cascade
);

do $$
declare
  name text;
begin
  foreach name in array array['webhook_redrives', 'webhook_redrive_deliveries'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy %I on %I to integration_service_tenant
      using (management_company_id = current_setting(''app.tenant_id'', true))
      with check (management_company_id = current_setting(''app.tenant_id'', true))', name || '_tenant_policy', name);
    execute format('create policy %I on %I to integration_service_system using (true) with check (true)',
      name || '_system_policy', name);
    execute format('grant select, insert, update, delete on %I to integration_service_tenant, integration_service_system', name);
  end loop;
end $$;
