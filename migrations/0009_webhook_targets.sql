-- Deliveries to target_url are claimed per webhook, so that a slow target's backlog is never read through for another's.
alter table webhook_deliveries add column tries_since_redrive integer not null default 0;
alter table webhook_deliveries add column last_error text;
create index ix_webhook_deliveries_claim on webhook_deliveries (webhook_id, next_attempt_at) where state = 'pending';
create index ix_webhook_deliveries_ordered on webhook_deliveries (webhook_id, event_received_at, webhook_event_id)
  where state = 'pending';
create index ix_webhook_deliveries_dead on webhook_deliveries (management_company_id, updated_at) where state = 'dead';
drop index ix_webhook_deliveries_due;
