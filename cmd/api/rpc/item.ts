import type { MessageInitShape } from '@bufbuild/protobuf'
import { z } from 'zod'
import { roles, type Role } from '../../../internal/auth/principal'
import { readInput } from '../../../internal/http/request-input'
import { service, type RpcService } from '../../../internal/rpc/service'
import { toTimestamp } from '../../../internal/rpc/timestamp'
import type { ItemApp } from '../../../pkg/item/app/item'
import { descriptionSchema, itemIdSchema, itemNameSchema } from '../../../pkg/item/dto/item'
import { priceNumber, type Item as ItemRow } from '../../../pkg/item/item'
import { priceField } from './field'
import { Item, type ItemMsgSchema } from './gen/item_pb'
import type { PageRequestMsg } from './gen/type_pb'

const sellers: readonly Role[] = ['merchant', 'operator']

const fields = { name: itemNameSchema, description: descriptionSchema, price: priceField }
const createInput = z.object(fields)
const updateInput = z.object({ item: z.object({ ...fields, uuid: itemIdSchema }) })
const idInput = z.object({ itemUuid: itemIdSchema })

const sizeDefault = 20n

export function itemService({ items }: { items: ItemApp }): RpcService {
  return service(Item, {
    create: {
      roles: sellers,
      async handle(message, { principal }) {
        const input = readInput(createInput, message)
        return toItemMsg(await items.create(principal, { ...input, storeId: null }))
      },
    },

    update: {
      roles: sellers,
      async handle(message, { principal }) {
        const { uuid, ...change } = readInput(updateInput, message).item
        return toItemMsg(await items.update(principal, uuid, change))
      },
    },

    delete: {
      roles: sellers,
      async handle(message, { principal }) {
        await items.delete(principal, readInput(idInput, message).itemUuid)
        return {}
      },
    },

    get: {
      roles,
      async handle(message) {
        return { item: toItemMsg(await items.get(readInput(idInput, message).itemUuid)) }
      },
    },

    list: {
      roles,
      async handle({ request }) {
        const { items: found, ...pager } = await items.getPage(toPage(request))
        return { items: found.map(toItemMsg), pager }
      },
    },
  })
}

/** A field that nobody set is 0 or empty, and means what is usual. */
function toPage({ sorting, order, requested, size }: Partial<PageRequestMsg> = {}) {
  return {
    sorting: sorting ?? '',
    order: order ?? '',
    requested: requested ?? 0n,
    size: size || sizeDefault,
  }
}

export function toItemMsg(item: ItemRow): MessageInitShape<typeof ItemMsgSchema> {
  return {
    uuid: item.id,
    name: item.name,
    description: item.description,
    price: priceNumber(item.price, item.currency),
    created: toTimestamp(item.createdAt),
    updated: toTimestamp(item.updatedAt),
  }
}
