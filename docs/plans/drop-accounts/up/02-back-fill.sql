-- Back-fill: once, for the hours it takes; then again whenever one likes, to stay close.
set lock_timeout = '5s';
set statement_timeout = 0;
set application_name = 'drop-accounts';

call drop_accounts.back_fill();

analyze user_balance, user_transaction, own_transfer;
