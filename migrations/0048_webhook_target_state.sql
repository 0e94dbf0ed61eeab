-- What is sent to a target beside the event, the overlap of its secrets, and whether it was switched off by itself.
alter table webhook_configs add column target_headers text;                    -- sealed
alter table webhook_configs add column previous_target_secret text;            -- sealed; signs too until the next
alter table webhook_configs add column previous_target_secret_until timestamptz;
alter table webhook_configs add column target_failing_since timestamptz;       -- the first failure since its last success
alter table webhook_configs add column target_off_at timestamptz;
alter table webhook_configs add column target_off_reason varchar(20);          -- gone, failing
