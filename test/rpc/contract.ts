/** Each message of the contract with its fields, number, name and type, as they were given. */
export const messages: Readonly<Record<string, string>> = {
  'type.AddressMsg':
    '1: UUID string · 2: line1 string · 3: line2 string · 4: line3 string · 5: city string · 6: province string · 7: zipCode string · 8: countryCode string · 9: other string · 40: updated Timestamp · 41: created Timestamp',
  'type.PageRequestMsg': '1: sorting string · 2: order string · 3: requested int64 · 4: size int64',
  'type.PagerMsg': '1: sorting string · 2: order string · 3: current int64 · 4: total int64',
  'item.ItemMsg':
    '1: uuid string · 2: name string · 4: description string · 7: price double · 40: created Timestamp · 41: updated Timestamp',
  'item.ItemCreateMsg': '1: name string · 2: description string · 3: price double',
  'item.ItemUpdateMsg': '1: item item.ItemMsg',
  'item.ItemDeleteMsg': '1: item_uuid string',
  'item.ItemGetMsg': '1: item_uuid string',
  'item.ItemGetResultMsg': '1: item item.ItemMsg',
  'item.ItemListMsg': '1: request type.PageRequestMsg',
  'item.ItemListResultMsg': '1: items repeated item.ItemMsg · 2: pager type.PagerMsg',
  'cart.CartMsg':
    '1: uuid string · 2: user_uuid string · 3: entries repeated cart.CartMsg.EntryMsg · 4: configuration cart.CartMsg.ConfigurationMsg · 5: price_total double · 40: created Timestamp · 41: updated Timestamp',
  'cart.CartMsg.EntryMsg': '1: item item.ItemMsg · 2: quantity int32',
  'cart.CartMsg.ConfigurationMsg': '1: address type.AddressMsg',
  'cart.CartGetMsg': '1: uuid string',
  'cart.CartConfigureAddressMsg': '1: cart_uuid string · 2: address type.AddressMsg',
  'cart.CartAddItemMsg': '1: cart_uuid string · 2: item_uuid string · 3: quantity int32',
  'cart.CartUpdateQuantityMsg': '1: cart_uuid string · 2: item_uuid string · 3: quantity int32',
  'cart.CartEmptyMsg': '1: cart_uuid string',
  'cart.CartGetResultMsg': '1: result cart.CartMsg',
  'cart.CartConfigureResultMsg': '1: result cart.CartMsg',
  'cart.CartAddItemResultMsg': '1: result cart.CartMsg',
  'cart.CartUpdateQuantityResultMsg': '1: result cart.CartMsg',
  'cart.CartEmptyResultMsg': '1: result cart.CartMsg',
}

export const services: Readonly<Record<string, string>> = {
  'item.Item':
    'Create(ItemCreateMsg) → ItemMsg · Update(ItemUpdateMsg) → ItemMsg · Delete(ItemDeleteMsg) → google.protobuf.Empty · Get(ItemGetMsg) → ItemGetResultMsg · List(ItemListMsg) → ItemListResultMsg',
  'cart.Cart':
    'Get(CartGetMsg) → CartGetResultMsg · ConfigureAddress(CartConfigureAddressMsg) → CartConfigureResultMsg · AddItem(CartAddItemMsg) → CartAddItemResultMsg · UpdateQuantity(CartUpdateQuantityMsg) → CartUpdateQuantityResultMsg · Empty(CartEmptyMsg) → CartEmptyResultMsg',
}
