import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pollUntil } from './poll'

export interface Exit {
  /** null when a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface SpawnedProgram {
  pid: number
  /** Everything it wrote until now, standard output and error in the order of arrival. */
  output(): string
  /** Waits for a line of its output; fails when it ends first. */
  ready(line: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  exited: Promise<Exit>
  /** Ends it, by force when it takes more than a few seconds. */
  close(): Promise<Exit>
}

export const projectFolder = join(__dirname, '../..')

const killAfterMs = 11_000
const running = new Set<SpawnedProgram>()

// What a test file started does not outlive it, even when a test fails.
afterAll(() => Promise.all([...running].map((program) => program.close())))

/** Starts bin/tillbook-<name> in the project's folder. What overrides its configuration is not inherited. */
export function spawnProgram(
  name: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  cwd = projectFolder,
): SpawnedProgram {
  const file = join(projectFolder, 'bin', `tillbook-${name}`)
  if (!existsSync(file)) throw new Error(`there is no ${file}: run \`make build\` first`)
  return follow(spawn(file, args, { cwd, env: { ...inherited(), ...env }, stdio: 'pipe' }))
}

function inherited(): NodeJS.ProcessEnv {
  const own = [
    'DATABASE_URL',
    'PORT',
    'AMQP_URL',
    'REDIS_URL',
    'DEBUG',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
  ]
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.includes(name)))
}

function follow(child: ReturnType<typeof spawn>): SpawnedProgram {
  const written = { all: '', stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
      written.all += text
    })
  }
  let ended = false
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      ended = true
      running.delete(program)
      resolve({ code, signal, stdout: written.stdout, stderr: written.stderr })
    })
  })
  const program: SpawnedProgram = {
    pid: child.pid ?? 0,
    output: () => written.all,
    ready: (line, timeoutMs = 20_000) =>
      pollUntil(() => readyLine(line, written.all, ended), {
        what: `line like ${line}`,
        timeoutMs,
      }),
    kill: (signal) => void child.kill(signal),
    exited,
    close: () => end(program),
  }
  running.add(program)
  return program
}

function readyLine(line: RegExp, output: string, ended: boolean): RegExpExecArray | undefined {
  const match = line.exec(output)
  if (!match && ended) throw new Error(`it ended without a line like ${line}:\n${output}`)
  return match ?? undefined
}

async function end(program: SpawnedProgram): Promise<Exit> {
  program.kill('SIGTERM')
  const timer = setTimeout(() => program.kill('SIGKILL'), killAfterMs)
  return program.exited.finally(() => clearTimeout(timer))
}
