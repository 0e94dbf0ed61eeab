-- What Meta shows when it asks whether a webhook's address is ours: a column of its own, as every sealed value has.
alter table webhook_configs add column verify_token text; -- sealed
