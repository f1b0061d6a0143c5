import { orderDto } from '../../pkg/order/dto/order'
import { problemDto } from '../rest/answer'

export interface Bought {
  status: number
  isReplayed: boolean
  text: string
  order?: ReturnType<typeof orderDto.parse>
  problem?: ReturnType<typeof problemDto.parse>
}

/** POST /checkout by that caller, who pays from the account that is called as they are. */
export async function buy(
  url: string,
  caller: string,
  body: Record<string, unknown> = {},
  key?: string,
): Promise<Bought> {
  const [userId] = caller.split(' ')
  const response = await fetch(`${url}/checkout`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-caller': caller,
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify({ account_id: userId, ...body }),
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  const { status, headers } = response
  const json = JSON.parse(text) as unknown
  const isReplayed = headers.get('idempotency-replayed') === 'true'
  if (status === 201) return { status, isReplayed, text, order: orderDto.parse(json) }
  return { status, isReplayed, text, problem: problemDto.parse(json) }
}
