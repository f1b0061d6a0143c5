import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { listFiles, type Files } from './file'
import { rpcReference } from './rpc-reference'

const run = promisify(execFile)

/** Where each template of buf puts what it makes. */
const outputs: Readonly<Record<string, string>> = {
  'buf.gen.yaml': 'cmd/api/rpc/gen',
  'internal/rpc/buf.gen.yaml': 'internal/rpc/gen',
}

const image = 'proto/image.json'

/**
 * What buf makes of the .proto files: the code, the reference, and the image that the next change is held
 * against. Throws when a client of the last image would break.
 */
export async function messageFiles(root: string, path: string): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'tillbook-buf-'))
  const env = { PATH: path, BUF_CACHE_DIR: join(folder, 'cache') }
  const buf = (...args: string[]) =>
    run(join(root, 'node_modules/.bin/buf'), args, { cwd: root, env })
  try {
    await buf('breaking', 'proto', '--against', image).catch(
      (error: { stderr?: string; stdout?: string }) => {
        throw new Error(`clients would break:\n${error.stdout}${error.stderr}`)
      },
    )
    await buf('build', 'proto', '--exclude-source-info', '-o', join(folder, 'image.json'))
    await buf('build', 'proto', '-o', join(folder, 'commented.binpb'))
    const files: Files = new Map([
      [image, await readFile(join(folder, 'image.json'), 'utf8')],
      ['docs/rpc-reference.md', rpcReference(await readFile(join(folder, 'commented.binpb')))],
    ])
    for (const [template, output] of Object.entries(outputs)) {
      await buf('generate', '--template', template, '-o', join(folder, 'out'))
      await collect({ root, made: join(folder, 'out'), output }, files)
    }
    return files
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What was made, and what stands there although nothing makes it any more. */
async function collect(
  { root, made, output }: { root: string; made: string; output: string },
  files: Files,
): Promise<void> {
  for (const name of await listFiles(root, output)) files.set(name, undefined)
  for (const name of await listFiles(made, output)) {
    files.set(name, await readFile(join(made, name), 'utf8'))
  }
}
