-- The request that a delivery came with: its answer's X-Request-Id, and the correlation_id of its event.
alter table webhook_events add column request_id varchar(128);
