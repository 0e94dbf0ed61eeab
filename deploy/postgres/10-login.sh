#!/bin/sh
# Run once, when the database is made: the login of the service owns its database, and is no superuser.
# It makes the two roles that keep tenants apart itself (createrole), and inherits none of their rights.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role integration_app login createrole noinherit nosuperuser nobypassrls password :'password';
alter database integration_db owner to integration_app;
alter schema public owner to integration_app;
SQL
