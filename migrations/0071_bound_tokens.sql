-- A token may be bound to services (by name; null: all of its tenants) and have a limit of its own (null: none).
-- Both act on every replica as soon as they change.
alter table service_tokens
  add column services text[],
  add column rate_limit_per_minute integer,
  add constraint service_tokens_services_check check (services is null or cardinality(services) > 0),
  add constraint service_tokens_rate_limit_check check (rate_limit_per_minute > 0);
drop trigger service_tokens_notify_update on service_tokens;
create trigger service_tokens_notify_update after update on service_tokens
  for each row when (
    (old.name, old.scopes, old.tenants, old.services, old.rate_limit_per_minute, old.expires_at, old.revoked_at)
    is distinct from
    (new.name, new.scopes, new.tenants, new.services, new.rate_limit_per_minute, new.expires_at, new.revoked_at))
  execute function notify_configuration_change();
