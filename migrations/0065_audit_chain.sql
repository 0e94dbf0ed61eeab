-- The audit log shows whether it was edited. Each commit leaves a digest of every row that it wrote (audit_batches); within
-- seconds they are gathered, per tenant, into a chain whose links are authenticated with a key that the database lacks.
create table audit_batches (
  id                     bigint generated always as identity,
  management_company_id  varchar(50) not null,
  kind                   varchar(10) not null,      -- rows, erasure
  -- rows: 16 bytes of the row's id and 8 of its digest; erasure: 16 of the id, 8 of the digest before, 8 after.
  entries                bytea not null,
  written_at             timestamptz not null default now(),
  constraint audit_batches_pkey primary key (id),
  constraint audit_batches_kind_check check (kind in ('rows', 'erasure'))
);

create table audit_chain (
  management_company_id  varchar(50) not null,
  sequence               bigint not null,           -- from 1, without gaps
  kind                   varchar(10) not null,
  entries                bytea not null,
  chained_at             timestamptz not null,
  previous_hash          bytea,                     -- null at the first link
  hash                   bytea not null,            -- HMAC-SHA-256 of all the above
  key_id                 varchar(100) not null,
  constraint audit_chain_pkey primary key (management_company_id, sequence),
  constraint audit_chain_kind_check check (kind in ('rows', 'erasure'))
);
create index ix_audit_chain_chained_at on audit_chain (chained_at);

do $$
declare
  chain_table text;
begin
  foreach chain_table in array array['audit_batches', 'audit_chain'] loop
    execute format('alter table %I enable row level security', chain_table);
    execute format('alter table %I force row level security', chain_table);
    execute format('create policy %I on %I to integration_service_system using (true) with check (true)',
      chain_table || '_system_policy', chain_table);
    -- Tenants have no rights here; the policy is there for the day that somebody grants some.
    execute format('create policy %I on %I for select to integration_service_tenant'
      ' using (management_company_id = current_setting(''app.tenant_id'', true))', chain_table || '_tenant_policy', chain_table);
    execute format('grant select, insert, delete on %I to integration_service_system', chain_table);
  end loop;
end $$;
