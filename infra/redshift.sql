-- Sets up a Redshift database for the platform. Run it once, as the administrator, with psql:
--   psql "host=… port=5439 dbname=events user=admin sslmode=require" -v password="'…'" -f infra/redshift.sql
-- First associate the role REDSHIFT_COPY_ROLE (infra/platform.yml) with the cluster or namespace.

-- The platform's user. It owns only what it creates.
CREATE USER events_platform PASSWORD :password;
ALTER USER events_platform SET timezone TO 'UTC';
GRANT CREATE, TEMPORARY ON DATABASE events TO events_platform;

-- Readers see only releases.
CREATE GROUP events_readers;
CREATE SCHEMA gold AUTHORIZATION events_platform;
GRANT USAGE ON SCHEMA gold TO GROUP events_readers;
ALTER DEFAULT PRIVILEGES FOR USER events_platform IN SCHEMA gold GRANT SELECT ON TABLES TO GROUP events_readers;
