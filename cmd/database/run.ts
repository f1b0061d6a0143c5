import {
  embeddedDatabase,
  openDatabase,
  type DatabaseSettings,
} from '../../internal/postgres/database'
import { redactUrl } from '../../internal/postgres/connection'
import { findEmbedded, stopEmbedded } from '../../internal/postgres/embedded/embedded'

type Print = (line: string) => void
type Command = (settings: DatabaseSettings, print: Print) => Promise<void>

export const commands = { start, stop, status, url } satisfies Record<string, Command>

export function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name)
}

async function start(settings: DatabaseSettings, print: Print): Promise<void> {
  if (settings.url !== undefined) return print(foreign(settings.url))
  const opened = await openDatabase(settings, print)
  print(`running at ${redactUrl(opened.url)}`)
}

async function stop(settings: DatabaseSettings, print: Print): Promise<void> {
  if (settings.url !== undefined) return print(foreign(settings.url))
  const stopped = await stopEmbedded(embeddedIn(settings))
  print(stopped ? 'stopped' : 'was not running')
}

async function status(settings: DatabaseSettings, print: Print): Promise<void> {
  if (settings.url !== undefined) return print(foreign(settings.url))
  const found = await findEmbedded(embeddedIn(settings))
  print(found ? `running at ${redactUrl(found.url)}` : 'not running')
}

async function url(settings: DatabaseSettings, print: Print): Promise<void> {
  const found = settings.url === undefined ? await findEmbedded(embeddedIn(settings)) : settings
  if (found?.url === undefined) throw new Error('the embedded PostgreSQL is not running')
  print(found.url)
}

function embeddedIn({ embedded }: DatabaseSettings) {
  return { directory: embedded?.directory ?? '.data', database: embeddedDatabase }
}

function foreign(databaseUrl: string): string {
  return `nothing to do: the database is a server of your own, ${redactUrl(databaseUrl)}`
}
