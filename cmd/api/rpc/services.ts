import { healthService } from '../../../internal/rpc/health'
import { reflectionServices } from '../../../internal/rpc/reflection'
import type { RpcService } from '../../../internal/rpc/service'
import type { CartApp } from '../../../pkg/cart/app/cart'
import type { ItemApp } from '../../../pkg/item/app/item'
import { cartService } from './cart'
import { itemService } from './item'

export interface RpcApps {
  items: ItemApp
  carts: CartApp
}

export interface ServicesOptions extends RpcApps {
  isReady(): Promise<boolean>
  /** The server is about to close. */
  closing: AbortSignal
  /** Whether it tells anybody what it serves. */
  reflects: boolean
}

/** Everything that is served on the port of gRPC. */
export function newServices(options: ServicesOptions): RpcService[] {
  const { isReady, closing, reflects } = options
  const own = [itemService(options), cartService(options)]
  const services = own.map(({ desc }) => desc)
  const health = healthService({ services, isReady, closing })
  const all = [...own, health]
  return reflects ? [...all, ...reflectionServices(all.map(({ desc }) => desc))] : all
}
