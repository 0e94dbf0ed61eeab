-- The owner of the tables sees no tenant's rows through a partition either.
do $$
declare
  partition regclass;
begin
  for partition in
    select inhrelid::regclass from pg_inherits
     where inhparent in ('integration_logs'::regclass, 'log_bodies'::regclass, 'webhook_events'::regclass)
  loop
    execute format('alter table %s force row level security', partition);
  end loop;
end $$;
