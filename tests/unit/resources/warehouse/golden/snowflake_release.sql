CREATE SCHEMA IF NOT EXISTS gold;
CREATE SCHEMA IF NOT EXISTS gold_next;
SELECT lower(table_name) FROM information_schema.tables WHERE lower(table_schema) = 'gold_next' ORDER BY 1;
DROP TABLE gold_next.left_over;
CREATE OR REPLACE TRANSIENT TABLE gold_next.fct_orders CLONE marts.fct_orders;
CREATE OR REPLACE TRANSIENT TABLE gold_next.fct_events CLONE marts.fct_events;
CREATE OR REPLACE TRANSIENT TABLE gold_next.release AS SELECT 1 AS released_at;
ALTER SCHEMA gold_next SWAP WITH gold;
