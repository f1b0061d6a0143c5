import { Fault } from '../../internal/fault/fault'
import type { Call } from './call'

/** As text, with integers and the order of all members: two are the same to the byte or they are not. */
export function show(value: unknown): string {
  const plain = (_: string, member: unknown): unknown => {
    if (typeof member === 'bigint') return `${member}n`
    if (member instanceof Map) return [...member.entries()]
    if (member instanceof Set) return [...member]
    if (Buffer.isBuffer(member)) return member.toString('hex')
    return member instanceof Fault ? faultOf(member) : member
  }
  return JSON.stringify(value, plain) ?? 'undefined'
}

export function faultOf({ code, members }: Fault) {
  return { fault: code, ...(members && { members }) }
}

/** The ledger and the oracle are not of one mind; the message says about what. */
export function mismatch(what: string, details: Record<string, unknown>): Error {
  const lines = Object.entries(details).map(([name, value]) => `  ${name}: ${show(value)}`)
  return new Error([what, ...lines].join('\n'))
}

/** A program as it ran, in the order in which it was answered, to be read by a person. */
export function toStory(calls: readonly Call[]): string {
  const lines = calls.map((call) => {
    const { ask, sentAt, answeredAt, answer, place, lockedAt } = call
    const at = place ? `${place.group.lockedAt} #${place.index}` : (lockedAt ?? '')
    const came = 'value' in answer ? answer.value : faultOf(answer.fault)
    return `${sentAt}-${answeredAt} ${at} ${show(ask)}\n    => ${show(came)}`
  })
  return lines.join('\n')
}
