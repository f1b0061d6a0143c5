-- The whole way down, from behind the switch or behind the contract: psql -v ON_ERROR_STOP=1 -f down.sql.
-- Before the switch nothing has to be taken back: there, down/05-contract.sql alone is the way down.
\ir down/01-expand.sql
\ir down/02-back-fill.sql
\ir down/03-verify.sql
\ir down/04-switch.sql
\ir down/05-contract.sql
