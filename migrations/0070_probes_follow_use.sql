-- Probing follows use: when the prober looks at a service next, and when a call last asked it. A round reads what is due by an
-- index, a bounded piece at a time, however many services there are.
alter table external_services add column probe_due_at timestamptz default now();
create index ix_external_services_probe_due on external_services (probe_due_at)
  where is_active and (service_type <> 'webhook' or base_url is not null);

-- Null: no call since this column is here; an older version beside this one leaves it as it is.
alter table service_health add column used_at timestamptz;
