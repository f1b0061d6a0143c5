import { z } from 'zod'
import { instantInput, instantOutput } from '../../../internal/wire/instant'
import { formatMoney } from '../../../internal/money/currency'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import { currencySchema, decimalInput, moneyOutput } from '../../../internal/wire/money'
import { line, prose } from '../../../internal/wire/text'
import { itemLimits, sortings, type Item, type ItemColumn, type Stock } from '../item'

export const itemIdSchema = uuidSchema.meta({ example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' })
export const itemNameSchema = line(itemLimits.nameMax).meta({ example: 'laptop' })
export const descriptionSchema = prose(itemLimits.descriptionMax)
export const storeIdSchema = readableIdSchema.meta({ example: 'main' })

const priceInput = decimalInput
  .refine(({ units }) => units >= 0n, 'must not be below zero')
  .nullish()
  .meta({ description: 'In the store’s currency. 0 and null: no price yet.', example: '999.00' })

/** POST /catalogue */
export const createItemInput = z
  .strictObject({
    store_id: storeIdSchema
      .nullish()
      .meta({ description: 'The caller’s own store, or the default one, when left out.' }),
    name: itemNameSchema,
    description: descriptionSchema.default(''),
    price: priceInput,
  })
  .meta({ id: 'CreateItem' })

/** PATCH /catalogue/:id */
export const changeItemInput = z
  .strictObject({
    name: itemNameSchema.optional(),
    description: descriptionSchema.optional(),
    price: priceInput,
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .meta({ id: 'ChangeItem' })

/** PUT /catalogue/:id/stock */
export const setStockInput = z
  .strictObject({
    on_hand: z
      .int()
      .min(0)
      .max(Number(itemLimits.onHandMax))
      .meta({ description: 'How many there are from now on.' }),
  })
  .meta({ id: 'SetStock' })

/** GET /catalogue */
export const listItemsQuery = z.strictObject({
  ...pageInput,
  store_id: storeIdSchema.optional().meta({ description: 'The default store when left out.' }),
  sort: z
    .enum(sortings as [string, ...string[]])
    .default('created')
    .meta({
      description:
        'A column of the item. What has no price stands where 0 would, and a description is sorted ' +
        'by its first 64 characters.',
    }),
  order: z.enum(['asc', 'desc']).default('asc'),
})

/** Where a list stands, by what it is sorted by. */
export const itemPositions: Record<ItemColumn, z.ZodType<[string, string]>> = {
  id: z.tuple([uuidSchema, uuidSchema]),
  name: z.tuple([line(itemLimits.nameMax), uuidSchema]),
  description: z.tuple([prose(itemLimits.descriptionMax), uuidSchema]),
  price: z.tuple([z.string().regex(/^\d{1,15}$/), uuidSchema]),
  created_at: z.tuple([instantInput, uuidSchema]),
  updated_at: z.tuple([instantInput, uuidSchema]),
}

export const itemDto = z
  .strictObject({
    id: itemIdSchema,
    store_id: storeIdSchema,
    name: z.string(),
    description: z.string(),
    price: moneyOutput.nullable().meta({ description: 'Null: no price yet.' }),
    currency: currencySchema,
    created_at: instantOutput,
    updated_at: instantOutput,
  })
  .meta({ id: 'Item', description: 'Something that a store sells.' })

export const itemPageDto = pageOutput(itemDto).meta({ id: 'ItemPage' })

export function toItemDto(item: Item): z.input<typeof itemDto> {
  return {
    id: item.id,
    store_id: item.storeId,
    name: item.name,
    description: item.description,
    price: item.price === null ? null : formatMoney(item.price, item.currency),
    currency: item.currency,
    created_at: item.createdAt,
    updated_at: item.updatedAt,
  }
}

export const stockDto = z
  .strictObject({
    item_id: itemIdSchema,
    on_hand: z.int().min(0),
    sold: z.int().min(0),
    updated_at: instantOutput,
  })
  .meta({ id: 'Stock', description: 'How many there are of an item, and how many were sold.' })

export function toStockDto(stock: Stock): z.input<typeof stockDto> {
  return {
    item_id: stock.itemId,
    on_hand: Number(stock.onHand),
    sold: Number(stock.sold),
    updated_at: stock.updatedAt,
  }
}
