-- A changed budget holds on every replica within a second. What was alerted is no change of the budget.
create function notify_budget_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('configuration_changed', json_build_object(
    'table', tg_table_name,
    'id', coalesce(new.service_name, old.service_name),
    'tenant', coalesce(new.management_company_id, old.management_company_id))::text);
  return null;
end $$;

create trigger budgets_notify_insert_delete after insert or delete on budgets
  for each row execute function notify_budget_change();
create trigger budgets_notify_update after update on budgets
  for each row when ((old.monthly_limit_usd, old.action) is distinct from (new.monthly_limit_usd, new.action))
  execute function notify_budget_change();
