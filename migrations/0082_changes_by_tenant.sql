-- The latest changes of a tenant, whatever they are of. The table holds a row a change that a person made, so it is small.
create index ix_configuration_audit_tenant on configuration_audit (management_company_id, id desc);
