-- A webhook's source service is one of its own tenant's; where the service is deleted, the webhook stays without it.
-- Both tables hold their owner to row-level security too, so that it would see no rows here: lifted within this transaction.
alter table external_services no force row level security;
alter table webhook_configs no force row level security;
update webhook_configs w set source_service_id = null
 where source_service_id is not null
   and not exists (select from external_services s
                    where s.management_company_id = w.management_company_id and s.id = w.source_service_id);
alter table webhook_configs add constraint webhook_configs_source_service_fkey
  foreign key (management_company_id, source_service_id)
  references external_services (management_company_id, id) on delete set null (source_service_id);
alter table external_services force row level security;
alter table webhook_configs force row level security;
-- Deleting a service looks for the webhooks that name it.
create index ix_webhook_configs_source_service on webhook_configs (management_company_id, source_service_id)
  where source_service_id is not null;
