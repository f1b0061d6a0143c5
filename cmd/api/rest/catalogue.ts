import { z } from 'zod'
import { roles, type Role } from '../../../internal/auth/principal'
import { invalidRequest } from '../../../internal/fault/fault'
import { route, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import type { ItemApp } from '../../../pkg/item/app/item'
import {
  changeItemInput,
  createItemInput,
  itemDto,
  itemIdSchema,
  itemPageDto,
  itemPositions,
  listItemsQuery,
  setStockInput,
  stockDto,
  toItemDto,
  toStockDto,
} from '../../../pkg/item/dto/item'
import { itemFaults, positionOf, readOrder, type Item } from '../../../pkg/item/item'
import { storeFaults } from '../../../pkg/store/store'

const tag = 'Catalogue'
const itemParams = z.strictObject({ id: itemIdSchema })
const sellers: readonly Role[] = ['merchant', 'operator']

export function catalogueRoutes({ items }: { items: ItemApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/catalogue',
      tag,
      summary: 'Put an item on the market',
      roles: sellers,
      body: createItemInput,
      answers: {
        201: {
          description: 'The item.',
          schema: itemDto,
          headers: { Location: 'Where it can be read.' },
        },
      },
      faults: [invalidRequest, storeFaults.notFound],
      async handle({ principal, body: { store_id, price, ...body } }) {
        const item = await items.create(principal, {
          ...{ ...body, storeId: store_id ?? null, price: price ?? null },
        })
        return {
          status: 201,
          body: toItemDto(item),
          headers: { Location: `/catalogue/${item.id}` },
        }
      },
    }),

    route({
      method: 'get',
      path: '/catalogue',
      tag,
      summary: 'List what a store sells',
      roles,
      query: listItemsQuery,
      answers: { 200: { description: 'A page of items.', schema: itemPageDto } },
      faults: [invalidRequest, invalidCursor],
      async handle({ query: { limit, cursor, sort, order, store_id } }) {
        const storeId = store_id ?? null
        const { column } = readOrder(sort, order)
        const list = `catalogue ${storeId} ${column} ${order}`
        const after = cursor === undefined ? undefined : decode(list, cursor, column)
        const rows = await items.list({ storeId, column, order, after, limit: limit + 1 })
        const cursorOf = (item: Item) => {
          const { value, id } = positionOf(item, column)
          return encodeCursor(list, [value, id])
        }
        return { status: 200, body: toPage(rows, limit, { toDto: toItemDto, cursorOf }) }
      },
    }),

    route({
      method: 'get',
      path: '/catalogue/:id',
      tag,
      summary: 'Get an item',
      roles,
      params: itemParams,
      answers: { 200: { description: 'The item.', schema: itemDto } },
      faults: [itemFaults.notFound],
      async handle({ params }) {
        return { status: 200, body: toItemDto(await items.get(params.id)) }
      },
    }),

    route({
      method: 'patch',
      path: '/catalogue/:id',
      tag,
      summary: 'Change an item',
      roles: sellers,
      params: itemParams,
      body: changeItemInput,
      answers: { 200: { description: 'The item.', schema: itemDto } },
      faults: [invalidRequest, itemFaults.notFound],
      async handle({ principal, params, body }) {
        return { status: 200, body: toItemDto(await items.update(principal, params.id, body)) }
      },
    }),

    route({
      method: 'delete',
      path: '/catalogue/:id',
      tag,
      summary: 'Take an item off the market',
      description: 'Lines of carts that hold it stay, without a price.',
      roles: sellers,
      params: itemParams,
      answers: { 204: { description: 'It is off the market.' } },
      faults: [itemFaults.notFound],
      async handle({ principal, params }) {
        await items.delete(principal, params.id)
        return { status: 204, body: undefined }
      },
    }),

    route({
      method: 'put',
      path: '/catalogue/:id/stock',
      tag,
      summary: 'Say how many there are of an item',
      description: 'An item whose stock nobody has named is not counted.',
      roles: sellers,
      params: itemParams,
      body: setStockInput,
      answers: { 200: { description: 'The stock.', schema: stockDto } },
      faults: [itemFaults.notFound],
      async handle({ principal, params, body }) {
        const stock = await items.setStock(principal, params.id, BigInt(body.on_hand))
        return { status: 200, body: toStockDto(stock) }
      },
    }),
  ]
}

function decode(list: string, cursor: string, column: keyof typeof itemPositions) {
  const [value, id] = decodeCursor(list, cursor, itemPositions[column])
  return { value, id }
}
