#!/bin/sh
# Runs once, when the database is created. Neither login is a superuser or inherits rights of the two roles that separate
# tenants. integration_owner owns the tables, migrates them, and creates the two roles (createrole); integration_app is
# the service's login, and owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$DATABASE_PASSWORD" -v owner_password="$MIGRATION_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role integration_owner login createrole noinherit nosuperuser nobypassrls password :'owner_password';
create role integration_app login noinherit nosuperuser nobypassrls password :'password';
alter database integration_db owner to integration_owner;
alter schema public owner to integration_owner;
SQL
