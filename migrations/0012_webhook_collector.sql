-- The token that asks a sender for missed deliveries: a column of its own, as every sealed value has, so that rotation finds it.
alter table webhook_configs add column collector_token text; -- sealed
