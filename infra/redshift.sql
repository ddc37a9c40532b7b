-- What the platform needs of a Redshift database, once, by its administrator, with psql's variables:
--   psql "host=… port=5439 dbname=events user=admin sslmode=require" -v password="'…'" -f infra/redshift.sql
-- The role REDSHIFT_COPY_ROLE (infra/platform.yml) has to be associated with the cluster or namespace before.

-- The platform's own user: it owns what it makes, and nothing else.
CREATE USER events_platform PASSWORD :password;
ALTER USER events_platform SET timezone TO 'UTC';
GRANT CREATE, TEMPORARY ON DATABASE events TO events_platform;

-- Readers see releases and nothing else.
CREATE GROUP events_readers;
CREATE SCHEMA gold AUTHORIZATION events_platform;
GRANT USAGE ON SCHEMA gold TO GROUP events_readers;
ALTER DEFAULT PRIVILEGES FOR USER events_platform IN SCHEMA gold GRANT SELECT ON TABLES TO GROUP events_readers;
