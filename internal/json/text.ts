const asItIs = Symbol('asItIs')

/** JSON that is a text already, to stand in another one as it is. */
export interface JsonText {
  readonly [asItIs]: string
}

/** Throws when it is no JSON. */
export function jsonText(text: string): JsonText {
  JSON.parse(text)
  return { [asItIs]: text }
}

/**
 * As JSON.stringify of plain objects, and what is a text already goes into it letter by letter: so a number keeps all its
 * digits, of which a double has 15 to 17.
 */
export function writeJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  if (asItIs in value) return (value as JsonText)[asItIs]
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`).join()}}`
}
