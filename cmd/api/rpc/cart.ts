import type { MessageInitShape } from '@bufbuild/protobuf'
import { z } from 'zod'
import type { Role } from '../../../internal/auth/principal'
import { readInput } from '../../../internal/http/request-input'
import { service, type RpcService } from '../../../internal/rpc/service'
import { toTimestamp } from '../../../internal/rpc/timestamp'
import type { CartApp } from '../../../pkg/cart/app/cart'
import { totalOf, type Address, type Cart as CartRow, type CartLine } from '../../../pkg/cart/cart'
import { itemIdSchema } from '../../../pkg/item/dto/item'
import { priceNumber } from '../../../pkg/item/item'
import { addressField, cartIdField, newQuantityField, quantityField } from './field'
import { Cart, type CartMsg_EntryMsgSchema, type CartMsgSchema } from './gen/cart_pb'
import type { AddressMsgSchema } from './gen/type_pb'
import { toItemMsg } from './item'

/** Each for their own cart: an operator, too, reaches nobody else's here. */
const buyers: readonly Role[] = ['customer', 'operator']

const getInput = z.object({ uuid: cartIdField })
const emptyInput = z.object({ cartUuid: cartIdField })
const addressInput = z.object({ cartUuid: cartIdField, address: addressField })
const addInput = z.object({
  cartUuid: cartIdField,
  itemUuid: itemIdSchema,
  quantity: quantityField,
})
const updateInput = addInput.extend({ quantity: newQuantityField })

export function cartService({ carts }: { carts: CartApp }): RpcService {
  return service(Cart, {
    get: {
      roles: buyers,
      async handle(message, { principal: { userId } }) {
        const { uuid: cartId } = readInput(getInput, message)
        return { result: toCartMsg(await carts.get({ userId, cartId })) }
      },
    },

    configureAddress: {
      roles: buyers,
      async handle(message, { principal: { userId } }) {
        const { cartUuid: cartId, address } = readInput(addressInput, message)
        return { result: toCartMsg(await carts.configureAddress({ userId, cartId, address })) }
      },
    },

    addItem: {
      roles: buyers,
      async handle(message, { principal: { userId }, traceparent }) {
        const { cartUuid: cartId, itemUuid: itemId, quantity } = readInput(addInput, message)
        const cart = await carts.addItem({ userId, cartId, itemId, quantity, traceparent })
        return { result: toCartMsg(cart) }
      },
    },

    updateQuantity: {
      roles: buyers,
      async handle(message, { principal: { userId } }) {
        const { cartUuid: cartId, itemUuid: itemId, quantity } = readInput(updateInput, message)
        const cart = await carts.updateQuantity({ userId, cartId, itemId, quantity })
        return { result: toCartMsg(cart) }
      },
    },

    empty: {
      roles: buyers,
      async handle(message, { principal: { userId } }) {
        const { cartUuid: cartId } = readInput(emptyInput, message)
        return { result: toCartMsg(await carts.empty({ userId, cartId })) }
      },
    },
  })
}

function toCartMsg(cart: CartRow): MessageInitShape<typeof CartMsgSchema> {
  return {
    uuid: cart.id,
    userUuid: cart.userId,
    entries: cart.lines.map(toEntryMsg),
    configuration: cart.address ? { address: toAddressMsg(cart.address) } : {},
    priceTotal: priceNumber(totalOf(cart.lines), cart.currency),
    created: toTimestamp(cart.createdAt),
    updated: toTimestamp(cart.updatedAt),
  }
}

/** The item as the catalogue has it now, but under the name and for the price that count in the cart. */
function toEntryMsg(line: CartLine): MessageInitShape<typeof CartMsg_EntryMsgSchema> {
  const { item, itemId, name, currency, quantity } = line
  const price = priceNumber(line.price, currency)
  return {
    item: { ...(item && toItemMsg(item)), uuid: itemId ?? '', name, price },
    quantity,
  }
}

function toAddressMsg(address: Address): MessageInitShape<typeof AddressMsgSchema> {
  const { id, createdAt, updatedAt, ...lines } = address
  return {
    ...lines,
    UUID: id,
    created: toTimestamp(createdAt),
    updated: toTimestamp(updatedAt),
  }
}
