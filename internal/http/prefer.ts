/** What a client would like, as far as it is known here (RFC 7240). */
export interface Preferences {
  /** Answer 202 rather than keep it waiting. */
  respondAsync: boolean
  /** How long it would like to wait. */
  waitSeconds: number | undefined
}

const token = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`
const quoted = String.raw`"(?:[^"\\]|\\.)*"`
// Each blank can belong to one place only: with two to choose from, every blank of a header that is not
// well formed would double the ways in which it has to be tried.
const value = String.raw`=\s*(?:(?:${token}|${quoted})\s*)?`
const preference = new RegExp(
  String.raw`\s*(${token})\s*(${value})?((?:;\s*(?:${token}\s*(?:${value})?)?)*)(?:,|$)|[^,]*(?:,|$)`,
  'gy',
)

// Nobody has more to wish for.
const lengthMax = 1000

/** What is not well formed, or not known, is passed over: a preference is never a mistake. */
export function readPreferences(header: string | undefined): Preferences {
  const wishes = new Map<string, string>()
  for (const [, name, given = ''] of (header ?? '').slice(0, lengthMax).matchAll(preference)) {
    const key = name?.toLowerCase()
    // The first of two counts.
    if (key !== undefined && !wishes.has(key)) wishes.set(key, plainValue(given))
  }
  return {
    respondAsync: wishes.get('respond-async') === '',
    waitSeconds: readSeconds(wishes.get('wait')),
  }
}

function plainValue(given: string): string {
  const text = given.replace(/^=/, '').trim()
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}

function readSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
