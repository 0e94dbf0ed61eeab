-- lz4 costs a third of the default compression's time for bodies. A server may be built without it (the embedded one is):
-- the columns then keep the default, and only speed differs.
do $$
begin
  alter table log_bodies alter column body set compression lz4;
  alter table integration_cache alter column response_data set compression lz4;
  alter table webhook_events alter column payload set compression lz4;
exception when feature_not_supported then
  raise notice 'this server has no lz4: bodies are stored with the default compression';
end $$;
