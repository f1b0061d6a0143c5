import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { FaultSpec } from '../fault/fault'
import { newOpenApi, type OpenApiOptions } from './openapi'
import { statusOf } from './problem'
import { route, type Answer, type Route } from './route'

// The bundle carries Redoc inside itself: esbuild's `define` puts the text in the place of this name.
declare const TILLBOOK_REDOC: string | undefined

export interface DocsOptions {
  openApi: OpenApiOptions
  /** All that are declared, for the page of problems. */
  faults: readonly FaultSpec[]
}

/** The reference as pages that need nothing from elsewhere: /docs, /docs/problems, /openapi.json. */
export function newDocs({ openApi, faults }: DocsOptions): Route[] {
  const { title } = openApi.info
  return [
    page('/openapi.json', () => ({ status: 200, body: newOpenApi(openApi) })),
    page('/docs', () => html(referencePage(title))),
    page('/docs/redoc.js', () => script(readRedoc())),
    page('/docs/problems', () => html(problemsPage(title, faults))),
  ]
}

/** Made when it is first asked for: a program that starts should not wait for its manual. */
function page(path: string, render: () => Answer): Route {
  let answer: Answer | undefined
  return route({
    method: 'get',
    path,
    tag: 'Reference',
    summary: path,
    // How to sign in stands here, too.
    roles: 'anyone',
    query: z.looseObject({}),
    answers: { 200: { description: 'The page.' } },
    faults: [],
    hidden: true,
    handle: async () => (answer ??= render()),
  })
}

// Redoc writes its styles into the page and searches in a worker that it makes from a blob.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

function html(text: string): Answer {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
  }
  return { status: 200, body: Buffer.from(text), headers }
}

function script(text: Buffer): Answer {
  const headers = {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': 'public, max-age=3600',
  }
  return { status: 200, body: text, headers }
}

function readRedoc(): Buffer {
  if (typeof TILLBOOK_REDOC === 'string') return Buffer.from(TILLBOOK_REDOC)
  return readFileSync(require.resolve('redoc/bundles/redoc.standalone.js'))
}

function referencePage(title: string): string {
  return document(
    title,
    'body { margin: 0 }',
    '<redoc spec-url="/openapi.json"></redoc>\n<script src="/docs/redoc.js"></script>',
  )
}

// Light or dark, as whoever reads it likes.
const problemsStyle = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8886 }
tr:target { background: #d4a00033 }`

function problemsPage(title: string, faults: readonly FaultSpec[]): string {
  const rows = faults.map((spec) => {
    const code = escapeHtml(spec.code)
    const cells = [`<a href="#${code}"><code>${code}</code></a>`, statusOf(spec), spec.kind]
    const all = [...cells, escapeHtml(spec.title)].map((cell) => `<td>${cell}</td>`)
    return `<tr id="${code}">${all.join('')}</tr>`
  })
  const body = `<h1>Problems</h1>
<p>Every refusal is an <code>application/problem+json</code> document with one of these codes. The
status says what kind of thing went wrong, the code says what. <a href="/docs">The reference</a></p>
<table>
<thead><tr><th>code</th><th>status</th><th>kind</th><th>title</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
  return document(`${title}: problems`, problemsStyle, body)
}

function document(title: string, style: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
