import type { OutboxConfig } from '../../config/config'
import { jsonText, writeJson } from '../../internal/json/text'
import type { Log } from '../../internal/log/log'
import { openDatabase } from '../../internal/postgres/database'
import { newPool } from '../../internal/postgres/pool'
import { requireCurrent } from '../../internal/postgres/schema-check'
import type { OutboxOperations, StoredMessage } from '../../pkg/outbox/operations'
import { newOutboxOperations } from '../../pkg/outbox/sql/operations'
import type { OutboxArguments } from './arguments'
import { describeMessage } from './describe'

export interface OutboxDeps {
  log: Log
  /** The file names of the migrations that the database must have. */
  migrations: readonly string[]
  /** One line of the answer. */
  print(line: string): void
  /** One line about the answer. */
  tell(line: string): void
}

type Wanted = Omit<OutboxArguments, 'path'>

export async function run(config: OutboxConfig, wanted: Wanted, deps: OutboxDeps): Promise<void> {
  const { log, migrations, tell } = deps
  const settings = await openDatabase(config.database, tell)
  const pool = newPool(settings, log, { program: 'tillbook-outbox' })
  try {
    await requireCurrent(pool, migrations)
    await operate(newOutboxOperations(pool), wanted, deps)
  } finally {
    await pool.close()
  }
}

async function operate(
  operations: OutboxOperations,
  { command, filter, asJson }: Wanted,
  { print, tell }: OutboxDeps,
): Promise<void> {
  const found = await operations.list(filter)
  // What is discarded is gone: whoever had it done has it on the screen, whole.
  const line = asJson || command === 'discard' ? toJson : describeMessage
  for (const message of found) print(line(message))
  tell(await carryOut(operations, command, found))
  if (found.length === filter.limit) tell(`There may be more: --limit is ${filter.limit}.`)
}

function toJson({ payload, ...message }: StoredMessage): string {
  return writeJson({ ...message, payload: jsonText(payload) })
}

async function carryOut(
  operations: OutboxOperations,
  command: Wanted['command'],
  found: readonly StoredMessage[],
): Promise<string> {
  const ids = found.map(({ id }) => id)
  switch (command) {
    case 'list':
      return `${events(found.length)}.`
    case 'replay':
      return `${events(await operations.replay(ids))} will be published again.`
    case 'discard':
      return `${events(await operations.discard(ids))} discarded.`
  }
}

function events(count: number): string {
  return count === 1 ? '1 event' : `${count.toLocaleString('en')} events`
}
