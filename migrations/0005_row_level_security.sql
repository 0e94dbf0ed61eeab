-- A tenant sees only itself, also where a query forgets to say so. Forced: the owner of the tables is held to it too.
grant usage on schema public to integration_service_tenant, integration_service_system;

do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array[
    'external_services', 'service_tokens', 'idempotency_keys', 'budgets', 'integration_logs', 'log_bodies', 'api_rate_limits',
    'integration_cache', 'usage_daily', 'webhook_configs', 'webhook_events', 'webhook_deliveries_seen', 'webhook_deliveries',
    'webhook_attempts', 'outbox_events'
  ] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('alter table %I force row level security', tenant_table);
    execute format(
      'create policy %I on %I to integration_service_tenant using (management_company_id = current_setting(''app.tenant_id'', true))'
      ' with check (management_company_id = current_setting(''app.tenant_id'', true))',
      tenant_table || '_tenant_policy', tenant_table);
    execute format('create policy %I on %I to integration_service_system using (true) with check (true)',
      tenant_table || '_system_policy', tenant_table);
    execute format('grant select, insert, update, delete on %I to integration_service_tenant, integration_service_system', tenant_table);
  end loop;
end $$;

grant select, insert, update, delete on leases to integration_service_system;
