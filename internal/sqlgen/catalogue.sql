-- What PostgreSQL's catalogue says of types, columns and the schema. The generator reads its own
-- queries from the module that it made of this file the last time.

-- name: ListTypes :many
-- The types of parameters and columns, in their order, and which columns' tables keep null out.
-- `values` holds what the server said of each, as JSON; an array comes back as "int8[]".
select coalesce(e.typname || '[]', t.typname)::text as "type!", coalesce(a.attnotnull, false) as "not_null!"
from rows from (
  json_to_recordset($values) as ("dataTypeID" oid, "tableID" oid, "columnID" int2)
) with ordinality as v (type_id, table_id, number, position)
join pg_type t on t.oid = v.type_id
left join pg_type e on e.typarray = t.oid
left join pg_attribute a on a.attrelid = v.table_id and a.attnum = v.number
order by v.position;

-- name: ListTables :many
-- The tables of the current schema. Names come quoted where SQL wants them to be.
select quote_ident(c.relname) as "name!", array_to_string(c.reloptions, ', ') as options, obj_description(c.oid, 'pg_class') as comment
from pg_class c
where c.relnamespace = current_schema()::regnamespace
  and c.relkind = 'r'
order by c.relname;

-- name: ListColumns :many
-- Their columns, in order.
select
  quote_ident(c.relname) as "table_name!",
  quote_ident(a.attname) as "name!",
  replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') as "type!",
  case when a.attcollation <> t.typcollation then quote_ident(co.collname) end as collation,
  a.attnotnull as "not_null!",
  a.attidentity::text as "identity!",
  a.attgenerated::text as "generated!",
  pg_get_expr(d.adbin, d.adrelid, true) as "default",
  col_description(c.oid, a.attnum) as comment
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_collation co on co.oid = a.attcollation
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = current_schema()::regnamespace
  and c.relkind = 'r'
order by c.relname, a.attnum;

-- name: ListConstraints :many
-- Keys first, foreign keys last: the order in which they can be made. PostgreSQL 18 lists NOT NULL
-- as a constraint too, older ones do not: it is a property of the column here.
select
  quote_ident(c.relname) as "table_name!",
  quote_ident(k.conname) as "name!",
  k.contype::text as "kind!",
  pg_get_constraintdef(k.oid, true) as "definition!",
  quote_ident(f.relname) as target,
  array(
    select quote_ident(a.attname)
    from unnest(k.conkey) with ordinality as key (attnum, position)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.attnum
    order by key.position
  ) as "columns!"
from pg_constraint k
join pg_class c on c.oid = k.conrelid
left join pg_class f on f.oid = k.confrelid
where c.relnamespace = current_schema()::regnamespace
  and c.relkind = 'r'
  and k.contype in ('p', 'u', 'x', 'c', 'f')
order by position(k.contype::text in 'puxcf'), c.relname, k.conname;

-- name: ListIndexes :many
-- The indexes that do not belong to a constraint.
select quote_ident(c.relname) as "table_name!", quote_ident(i.relname) as "name!", pg_get_indexdef(i.oid, 0, true) as "definition!"
from pg_index x
join pg_class c on c.oid = x.indrelid
join pg_class i on i.oid = x.indexrelid
where c.relnamespace = current_schema()::regnamespace
  and c.relkind = 'r'
  and not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
order by c.relname, i.relname;

-- name: ListFunctions :many
-- The schema's name is left out, as in everything else.
select
  regexp_replace(
    pg_get_functiondef(p.oid),
    '^(CREATE OR REPLACE [A-Z]+) ' || quote_ident(current_schema()) || '\.', '\1 '
  ) as "definition!",
  l.lanname::text as "language!"
from pg_proc p
join pg_language l on l.oid = p.prolang
where p.pronamespace = current_schema()::regnamespace
  and p.prokind in ('f', 'p')
order by p.proname, pg_get_function_identity_arguments(p.oid) collate "C";

-- name: ListTriggers :many
select quote_ident(c.relname) as "table_name!", quote_ident(g.tgname) as "name!", pg_get_triggerdef(g.oid, true) as "definition!"
from pg_trigger g
join pg_class c on c.oid = g.tgrelid
where c.relnamespace = current_schema()::regnamespace
  and not g.tgisinternal
order by c.relname, g.tgname;

-- name: ListComments :many
-- As statements. Objects below 16384 are PostgreSQL's own.
select
  format(
    'comment on %s %s is %L;',
    replace(o.type, 'table ', ''),
    replace(o.identity, quote_ident(current_schema()) || '.', ''),
    d.description
  ) as "statement!"
from pg_description d
cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as o
where d.objoid >= 16384
  and d.classoid in (
    'pg_class'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass
  )
order by
  replace(o.type, 'table ', '') collate "C" desc,
  case when o.type = 'table column' then d.objoid::regclass::text else o.identity end collate "C",
  d.objsubid;

-- name: ListGrants :many
-- Who else than the owner may do what, with the columns where it is not the whole table. A null grantee
-- is everybody. What the database itself and its default schema give away is not the schema's own.
with granted as (
  select 1 as place, 'table' as kind, quote_ident(c.relname) as object, g.grantee, g.privilege_type, null::text as column_name, 0 as number
  from pg_class c
  cross join lateral aclexplode(c.relacl) as g
  where c.relnamespace = current_schema()::regnamespace
    and c.relkind = 'r'
    and g.grantee <> c.relowner
  union all
  select 1, 'table', quote_ident(c.relname), g.grantee, g.privilege_type, quote_ident(a.attname), a.attnum
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  cross join lateral aclexplode(a.attacl) as g
  where c.relnamespace = current_schema()::regnamespace
    and c.relkind = 'r'
    and g.grantee <> c.relowner
  union all
  select 2, 'function', p.oid::regprocedure::text, g.grantee, g.privilege_type, null, 0
  from pg_proc p
  cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g
  where p.pronamespace = current_schema()::regnamespace
    and p.prokind in ('f', 'p')
    and g.grantee <> p.proowner
  union all
  select 0, 'schema', quote_ident(n.nspname), g.grantee, g.privilege_type, null, 0
  from pg_namespace n
  cross join lateral aclexplode(n.nspacl) as g
  where n.oid = current_schema()::regnamespace
    and g.grantee not in (n.nspowner, 0)
),
privilege as (
  select
    place, kind, object, grantee, lower(privilege_type) as name,
    string_agg(column_name, ', ' order by number) as columns
  from granted
  group by place, kind, object, grantee, privilege_type
)
select
  p.kind as "kind!",
  p.object as "object!",
  quote_ident(r.rolname) as grantee,
  string_agg(
    p.name || coalesce(' (' || p.columns || ')', ''), ', '
    order by position(p.name in 'usage select insert update delete')
  ) as "privileges!"
from privilege p
left join pg_roles r on r.oid = p.grantee
group by p.place, p.kind, p.object, r.rolname
order by p.place, r.rolname nulls first, p.object collate "C";

-- name: ListClosedFunctions :many
-- Those that not everybody may call, which is what a function begins with.
select p.oid::regprocedure::text as "name!"
from pg_proc p
where p.pronamespace = current_schema()::regnamespace
  and p.prokind in ('f', 'p')
  and not exists (
    select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g where g.grantee = 0
  )
order by p.oid::regprocedure::text collate "C";

-- name: ListUnwritten :many
-- What is in the schema and in none of the lists above, as "view daily_total".
select o.type || ' ' || o.identity as "description!"
from (
  select 'pg_class'::regclass as class, c.oid
  from pg_class c
  where c.relnamespace = current_schema()::regnamespace
    and c.relkind not in ('r', 'i', 't', 'c')
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i')
  union all
  select 'pg_type'::regclass, t.oid
  from pg_type t
  where t.typnamespace = current_schema()::regnamespace
    and t.typrelid = 0
    and t.typelem = 0
) as unwritten
cross join lateral pg_identify_object(unwritten.class, unwritten.oid, 0) as o
order by o.identity collate "C";
