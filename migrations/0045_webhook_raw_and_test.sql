-- What the event of a delivery says beside its payload: its bytes, where its webhook asked for them, and that it is a test.
alter table webhook_events add column include_raw boolean;
alter table webhook_events add column is_test boolean;
