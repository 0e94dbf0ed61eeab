-- What happened in a call around its requests: caches asked, waits, providers passed over, parts of each attempt. In the
-- first row of a call; null in the others, and in rows before this version. Not part of the row's digest.
alter table integration_logs add column trace json;
