-- Durable events on their way to the broker: written in the commit that makes the fact true, deleted when confirmed.
create table outbox_events (
  id                     uuid not null,
  sequence               bigint generated always as identity,
  origin                 uuid not null,            -- the process that wrote it and publishes it from memory
  management_company_id  varchar(50) not null,
  aggregate_id           varchar(100) not null,
  event_type             varchar(60) not null,
  occurred_at            timestamptz not null,
  body                   json not null,
  not_before             timestamptz,              -- deferred over a limit: publish at the limit's pace
  created_at             timestamptz not null default now(),
  constraint outbox_events_pkey primary key (id)
);
create index ix_outbox_events_sequence on outbox_events (sequence);

-- Background work is claimed through leases, so that replicas share it and none is special.
create table leases (
  name                   varchar(100) not null,
  holder                 uuid not null,
  expires_at             timestamptz not null,
  constraint leases_pkey primary key (name)
);

-- Configuration changes are told to every replica as they commit.
create function notify_configuration_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('configuration_changed', json_build_object(
    'table', tg_table_name,
    'id', coalesce(new.id, old.id),
    'tenant', coalesce(new.management_company_id, old.management_company_id))::text);
  return null;
end $$;

create trigger external_services_notify_insert_delete after insert or delete on external_services
  for each row execute function notify_configuration_change();
-- Health is written every minute and is no change of configuration.
create trigger external_services_notify_update after update on external_services
  for each row when (
    (old.service_name, old.service_type, old.display_name, old.base_url, old.api_key, old.credentials::text, old.config::text,
     old.is_active, old.rate_limit_per_minute, old.rate_limit_per_hour, old.rate_limit_per_day, old.rate_limit_per_month,
     old.priority, old.fallback_service_id, old.description, old.tags::text)
    is distinct from
    (new.service_name, new.service_type, new.display_name, new.base_url, new.api_key, new.credentials::text, new.config::text,
     new.is_active, new.rate_limit_per_minute, new.rate_limit_per_hour, new.rate_limit_per_day, new.rate_limit_per_month,
     new.priority, new.fallback_service_id, new.description, new.tags::text))
  execute function notify_configuration_change();
create trigger service_tokens_notify_insert_delete after insert or delete on service_tokens
  for each row execute function notify_configuration_change();
create trigger service_tokens_notify_update after update on service_tokens
  for each row when ((old.scopes, old.tenants, old.expires_at, old.revoked_at) is distinct from (new.scopes, new.tenants, new.expires_at, new.revoked_at))
  execute function notify_configuration_change();
create trigger webhook_configs_notify_insert_delete after insert or delete on webhook_configs
  for each row execute function notify_configuration_change();
-- Counters move with every delivery and are no change of configuration.
create trigger webhook_configs_notify_update after update on webhook_configs
  for each row when (old.updated_at is distinct from new.updated_at)
  execute function notify_configuration_change();
