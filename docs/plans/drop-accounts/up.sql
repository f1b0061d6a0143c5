-- The whole way up, for psql: psql -v ON_ERROR_STOP=1 -f up.sql. In production each step is run by
-- itself, and the pause between two of them is as long as it takes to be sure; see README.md.
\ir up/01-expand.sql
\ir up/02-back-fill.sql
\ir up/03-index.sql
\ir up/04-verify.sql
\ir up/05-switch.sql
\ir up/06-contract.sql
