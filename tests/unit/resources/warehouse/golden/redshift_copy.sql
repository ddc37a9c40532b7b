COPY staged_commerce
FROM 's3://events-lake/lake/_manifests/staged_commerce.json'
IAM_ROLE 'arn:aws:iam::123456789012:role/events-redshift'
FORMAT AS PARQUET SERIALIZETOJSON
FILLRECORD
MANIFEST;
