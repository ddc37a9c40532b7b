-- Sets up a Snowflake account for the platform. Run it once, as ACCOUNTADMIN, with SnowSQL:
--   snowsql -o variable_substitution=true -f infra/snowflake.sql \
--     -D landing_url=s3://… -D lake_url=s3://…/lake -D role_arn=arn:aws:iam::… -D public_key=MIIB…
-- Then `DESC INTEGRATION events_s3` shows the two values that infra/platform.yml still needs.

USE ROLE ACCOUNTADMIN;

CREATE WAREHOUSE IF NOT EXISTS events
    WAREHOUSE_SIZE = 'XSMALL'
    AUTO_SUSPEND = 60
    AUTO_RESUME = TRUE
    INITIALLY_SUSPENDED = TRUE
    STATEMENT_TIMEOUT_IN_SECONDS = 3600;

CREATE DATABASE IF NOT EXISTS analytics;

-- The platform's role and user. They own only what they create.
CREATE ROLE IF NOT EXISTS events_platform;
CREATE USER IF NOT EXISTS events_platform
    TYPE = SERVICE
    DEFAULT_ROLE = events_platform
    DEFAULT_WAREHOUSE = events
    TIMEZONE = 'UTC'
    RSA_PUBLIC_KEY = '&{public_key}';
GRANT ROLE events_platform TO USER events_platform;
GRANT ROLE events_platform TO ROLE SYSADMIN;
GRANT USAGE ON WAREHOUSE events TO ROLE events_platform;
GRANT USAGE, CREATE SCHEMA ON DATABASE analytics TO ROLE events_platform;

-- Access to the buckets: Snowflake assumes a role, so no key is exchanged.
CREATE STORAGE INTEGRATION IF NOT EXISTS events_s3
    TYPE = EXTERNAL_STAGE
    STORAGE_PROVIDER = 'S3'
    ENABLED = TRUE
    STORAGE_AWS_ROLE_ARN = '&{role_arn}'
    STORAGE_ALLOWED_LOCATIONS = ('&{landing_url}/', '&{lake_url}/');
GRANT USAGE ON INTEGRATION events_s3 TO ROLE events_platform;

USE ROLE events_platform;
USE DATABASE analytics;
CREATE SCHEMA IF NOT EXISTS platform;

CREATE FILE FORMAT IF NOT EXISTS platform.parquet
    TYPE = PARQUET
    USE_LOGICAL_TYPE = TRUE
    USE_VECTORIZED_SCANNER = TRUE
    BINARY_AS_TEXT = FALSE;
CREATE FILE FORMAT IF NOT EXISTS platform.json
    TYPE = JSON;

-- SNOWFLAKE_STAGE is platform.lake. The dbt operation copy_into_raw_events reads platform.landing.
CREATE STAGE IF NOT EXISTS platform.lake
    URL = '&{lake_url}/'
    STORAGE_INTEGRATION = events_s3
    FILE_FORMAT = (FORMAT_NAME = 'platform.parquet');
CREATE STAGE IF NOT EXISTS platform.landing
    URL = '&{landing_url}/'
    STORAGE_INTEGRATION = events_s3
    FILE_FORMAT = (FORMAT_NAME = 'platform.json');

-- Readers see only releases. Each release swaps the two schemas, so both need the same grants.
CREATE SCHEMA IF NOT EXISTS gold;
CREATE SCHEMA IF NOT EXISTS gold_next;

USE ROLE ACCOUNTADMIN;
CREATE ROLE IF NOT EXISTS events_reader;
GRANT ROLE events_reader TO ROLE SYSADMIN;
GRANT USAGE ON WAREHOUSE events TO ROLE events_reader;
GRANT USAGE ON DATABASE analytics TO ROLE events_reader;
GRANT USAGE ON SCHEMA analytics.gold TO ROLE events_reader;
GRANT USAGE ON SCHEMA analytics.gold_next TO ROLE events_reader;
GRANT SELECT ON FUTURE TABLES IN SCHEMA analytics.gold TO ROLE events_reader;
GRANT SELECT ON FUTURE TABLES IN SCHEMA analytics.gold_next TO ROLE events_reader;
