import type { Client } from 'pg'

// What is noted past the shop's own code, in a schema of the run's own. SQL in TypeScript, because the
// generator knows the tables of the migrations alone.

const tables = `
  -- What was ever put into the stock of an item: a sale moves goods and puts nothing in.
  create table chaos.stock_change (
    item_id uuid not null,
    put_in bigint not null,
    is_sale boolean not null
  );
  create function chaos.keep_stock() returns trigger language plpgsql security definer as $$
  begin
    insert into chaos.stock_change (item_id, put_in, is_sale)
    select
      new.item_id,
      new.on_hand + new.sold - coalesce(old.on_hand + old.sold, 0),
      new.sold <> coalesce(old.sold, 0);
    return null;
  end $$;
  create trigger chaos_keep_stock after insert or update on stock
    for each row execute function chaos.keep_stock();

  -- Where messages go that are for \`orders\`, on a broker that others use as well.
  create table chaos.exchange (name text not null);
  create function chaos.swap_exchange() returns trigger language plpgsql security definer as $$
  begin
    select coalesce((select name from chaos.exchange), new.exchange) into new.exchange;
    return new;
  end $$;
  create trigger chaos_swap_exchange before insert on outbox_message
    for each row execute function chaos.swap_exchange();`

/** To be there before anybody sells. */
export async function keepShopBooks(client: Client): Promise<void> {
  await client.query(tables)
}

export async function setExchange(client: Client, name: string): Promise<void> {
  await client.query(`insert into chaos.exchange (name) values ($1)`, [name])
}

const wrongStock = `
  select s.item_id, s.on_hand, s.sold, sum(c.put_in) as put_in
  from stock s
  join chaos.stock_change c on c.item_id = s.item_id
  group by s.item_id
  having
    s.on_hand + s.sold <> sum(c.put_in)
    or coalesce(sum(c.put_in) filter (where c.is_sale), 0) <> 0
  order by s.item_id`

/** Items of which more or less was sold or left over than was put in. */
export async function listWrongStock(client: Client): Promise<object[]> {
  return (await client.query<object>(wrongStock)).rows
}
