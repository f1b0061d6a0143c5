-- Back, back-fill: as on the way up, in batches that can be killed and go on; it waits, as there, for
-- the transactions that ran when it began.
set lock_timeout = '5s';
set statement_timeout = 0;
set application_name = 'drop-accounts';

call drop_accounts.back_fill_back(waits => true);
