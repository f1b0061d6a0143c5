-- name: ListCurrencyScales :many
select code, scale
from currency
order by code collate "C";
