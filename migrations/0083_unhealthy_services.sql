-- Who has a service that is not well, without reading the health of the others.
create index ix_service_health_unhealthy on service_health (management_company_id) where unhealthy_since is not null;
