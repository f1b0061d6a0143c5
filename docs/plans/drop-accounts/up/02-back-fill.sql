-- Back-fill: once, for the hours it takes; then again whenever one likes, to stay close. It ends when
-- all is carried over that was there when it began: a long transaction anywhere on the server keeps
-- it waiting, and is found in pg_stat_activity by the age of its backend_xmin or backend_xid.
set lock_timeout = '5s';
set statement_timeout = 0;
set application_name = 'drop-accounts';

call drop_accounts.back_fill(waits => true);

analyze user_balance, user_transaction, own_transfer;
