import { parseArgs, type ParseArgsConfig } from 'node:util'
import { Fault, type FaultSpec } from '../fault/fault'

const usage = {
  kind: 'invalid',
  code: 'cli.usage',
  title: 'The program was called in a way it does not know',
} satisfies FaultSpec

/** What the user has to put right on the command line: ends a program with exit code 2. */
export function usageFault(detail: string): Fault {
  return new Fault(usage, { detail })
}

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Options by their names, and one value for each word in `positionals`; refuses what is unknown,
 * missing or too much.
 */
export function readArguments<const T extends Options, const P extends readonly string[]>(
  args: string[],
  spec: { options: T; positionals: P },
) {
  const { values, positionals } = parse(args, spec.options)
  const missing = spec.positionals[positionals.length]
  if (missing !== undefined) throw usageFault(`the ${missing} is missing`)
  const extra = positionals[spec.positionals.length]
  if (extra !== undefined) throw usageFault(`does not know what to do with "${extra}"`)
  return { values, positionals: positionals as { [K in keyof P]: string } }
}

function parse<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument …": the first sentence is enough.
    const message = error instanceof Error ? error.message : String(error)
    throw usageFault(message.split('. ')[0] ?? message)
  }
}
