-- Deliveries that somebody sent again, and the attempts that this made, are counted apart from those of the schedule.
alter table webhook_deliveries add column sent_again_count integer not null default 0;
-- null: made by an older version, which did not say.
alter table webhook_attempts add column is_by_hand boolean;
-- What was asked, without its query: a target may get another address later. null as above.
alter table webhook_attempts add column target_url varchar(2048);
