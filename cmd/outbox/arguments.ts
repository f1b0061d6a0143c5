import { readArguments, usageFault } from '../../internal/cli/arguments'
import { readInstant, type Instant } from '../../internal/clock/instant'
import { uuid } from '../../internal/id/id'
import { messageStates, type MessageFilter, type MessageState } from '../../pkg/outbox/operations'

const commands = ['list', 'replay', 'discard'] as const

export interface OutboxArguments {
  /** The configuration file. */
  path: string
  command: (typeof commands)[number]
  filter: MessageFilter
  /** Whole messages, one a line. */
  asJson: boolean
}

const limitMax = 10_000

const options = {
  state: { type: 'string', default: 'parked' },
  id: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  limit: { type: 'string', default: '1000' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** Reads what stands behind `tillbook-outbox`; faults tell the option and what it takes. */
export function readOutboxArguments(args: string[]): OutboxArguments {
  const { values, positionals } = readArguments(args, {
    options,
    positionals: ['configuration file', 'command'],
  })
  const [path, word] = positionals
  const command = oneOf('the command', commands, word)
  const state = oneOf('--state', messageStates, values.state)
  refuseMismatch(command, state)
  const { id: ids, from, to, all, json } = values
  const isSelected = all || ids !== undefined || from !== undefined || to !== undefined
  if (command !== 'list' && !isSelected) {
    throw usageFault(`${command} needs --id, --from, --to or --all`)
  }
  return {
    path,
    command,
    filter: {
      state,
      ids: ids?.map(readId),
      from: from === undefined ? undefined : readTime('--from', from),
      to: to === undefined ? undefined : readTime('--to', to),
      limit: readLimit(values.limit),
    },
    asJson: json,
  }
}

function refuseMismatch(command: string, state: MessageState): void {
  if (command === 'discard' && state !== 'parked') {
    throw usageFault('only parked events can be discarded')
  }
  if (command === 'replay' && state === 'waiting') {
    throw usageFault('those that wait need no replay')
  }
}

function oneOf<T extends string>(what: string, known: readonly T[], word: string): T {
  const found = known.find((one) => one === word)
  if (found === undefined) {
    throw usageFault(`${what} must be one of ${known.join(', ')}, not "${word}"`)
  }
  return found
}

function readId(text: string): string {
  if (!uuid.test(text)) throw usageFault(`--id must be the UUID of an event, not "${text}"`)
  return text
}

function readTime(option: string, text: string): Instant {
  const instant = readInstant(text)
  if (instant) return instant
  throw usageFault(`${option} must be a time such as 2026-01-31T09:30:00Z, not "${text}"`)
}

function readLimit(text: string): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= limitMax) return limit
  throw usageFault(`--limit must be a whole number from 1 to ${limitMax}, not "${text}"`)
}
