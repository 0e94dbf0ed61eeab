-- How many pairs of a matrix one request to a provider asked for. Null of anything else, and of rows before this version.
alter table integration_logs add column elements integer;
