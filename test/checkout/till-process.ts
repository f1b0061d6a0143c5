import { startTill } from './till'

/** A till as a process of its own, until it is told to end or its parent is gone. */
async function main(): Promise<void> {
  const till = await startTill(process.argv[2]!)
  process.stdout.write(`serves on ${till.url}\n`)
  const end = () => void till.close().then(() => process.exit(0))
  process.on('SIGTERM', end)
}

void main()
