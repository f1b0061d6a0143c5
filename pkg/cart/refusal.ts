import { Fault } from '../../internal/fault/fault'
import { itemFaults } from '../item/item'
import { cartFaults, cartLimits, keyReused } from './cart'

export function noCart(id: string): Fault {
  return new Fault(cartFaults.notFound, { detail: `There is no cart "${id}".` })
}

export function noLine(detail: string): Fault {
  return new Fault(cartFaults.lineNotFound, { detail })
}

export function noItem(id: string): Fault {
  return new Fault(itemFaults.notFound, { detail: `There is no item "${id}".` })
}

export function ordered(id: string): Fault {
  const detail = `The cart "${id}" was ordered and never changes again.`
  return new Fault(cartFaults.ordered, { detail })
}

export function tooMany(quantity: number, cause?: unknown): Fault {
  const detail = `With ${quantity} more the line would hold more than ${cartLimits.quantityMax}.`
  return new Fault(cartFaults.tooMany, { detail, cause })
}

export function tooManyLines(cause?: unknown): Fault {
  const detail = `The cart has ${cartLimits.linesMax} lines, as many as a cart can have.`
  return new Fault(cartFaults.tooManyLines, { detail, cause })
}

export function reused(key: string): Fault {
  const detail = `The key "${key}" was used for something else that was put into a cart.`
  return new Fault(keyReused, { detail })
}
