import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** One command of a ```console block, and what the reader is shown as its answer. */
export interface Step {
  command: string
  shown: string
}

const block = /^```console\n([\s\S]*?)^```$/gm

/** The steps of all ```console blocks: a command begins with `$ ` and goes on after a `\`. */
export function readSteps(markdown: string): Step[] {
  return [...markdown.matchAll(block)].flatMap(([, text = '']) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const command = /^(?:.*\\\n)*.*\n/.exec(step)?.[0] ?? step
        return { command: command.trim(), shown: step.slice(command.length).trim() }
      }),
  )
}

/** A way to run a line of curl; answers what stands on standard output. */
export type Way = (command: string) => Promise<string>

/** Whether it only reads, so that it may be asked again until what goes on behind it has come that far. */
export function isReading({ command }: Step): boolean {
  return readCurl(command).method === 'GET'
}

export const withCurl: Way = async (command) =>
  (await promisify(execFile)('sh', ['-c', command])).stdout

/** The same without the program, which not every machine has. Knows what the README uses. */
export const withFetch: Way = async (command) => {
  const { url, headers, body, showsHead, method } = readCurl(command)
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
  const text = await response.text()
  if (!showsHead) return text
  const head = [`HTTP/1.1 ${response.status} ${response.statusText}`]
  for (const [name, value] of response.headers) head.push(`${name}: ${value}`)
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

interface Curl {
  url: string
  headers: [string, string][]
  body: string | undefined
  method: string
  showsHead: boolean
}

function readCurl(command: string): Curl {
  const [program, ...words] = splitWords(command)
  if (program !== 'curl') throw new Error(`this is no curl: ${command}`)
  const curl: Curl = { url: '', headers: [], body: undefined, method: '', showsHead: false }
  while (words.length > 0) {
    const word = words.shift()!
    if (word === '-i') curl.showsHead = true
    else if (word === '-H') curl.headers.push(words.shift()!.split(/: (.*)/, 2) as [string, string])
    else if (word === '-X') curl.method = words.shift()!
    else if (word === '-d') curl.body = words.shift()!
    else if (word.startsWith('-')) throw new Error(`what does ${word} mean? ${command}`)
    else curl.url = word.startsWith('http') ? word : `http://${word}`
  }
  curl.method ||= curl.body === undefined ? 'GET' : 'POST'
  return curl
}

/** As a shell does, as far as blanks, '…' and a `\` at the end of a line. */
function splitWords(command: string): string[] {
  const words = command.replaceAll('\\\n', ' ').match(/(?:'[^']*'|[^\s'])+/g) ?? []
  return words.map((word) => word.replaceAll("'", ''))
}
