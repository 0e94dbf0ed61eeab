#!/bin/sh
# Run once, when the database is made. Neither login is a superuser, and neither inherits a right of the two roles that keep
# tenants apart. integration_owner owns the tables, migrates them, and makes the two roles (createrole); integration_app is
# what the service works with, and owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$DATABASE_PASSWORD" -v owner_password="$MIGRATION_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role integration_owner login createrole noinherit nosuperuser nobypassrls password :'owner_password';
create role integration_app login noinherit nosuperuser nobypassrls password :'password';
alter database integration_db owner to integration_owner;
alter schema public owner to integration_owner;
SQL
