import { z } from 'zod'
import { textFlaw } from '../json/json'

const controlCharacter = /\p{Cc}/u

/** One line of text, 1 to `charactersMax` characters, kept as it was sent. */
export function line(charactersMax: number) {
  return text(charactersMax, (value) => {
    if (value.trim() === '') return 'must not be empty'
    return controlCharacter.test(value) ? 'must not contain control characters' : undefined
  })
}

/** The same, or nothing at all. */
export function lineOrNone(charactersMax: number) {
  return text(charactersMax, (value) =>
    controlCharacter.test(value) ? 'must not contain control characters' : undefined,
  )
}

/** Any text of up to `charactersMax` characters, line breaks included. */
export function prose(charactersMax: number) {
  return text(charactersMax, () => undefined)
}

function text(charactersMax: number, findFlaw: (value: string) => string | undefined) {
  return z
    .string()
    .superRefine((value, context) => {
      const flaw = textFlaw(value) ?? tooLong(value, charactersMax) ?? findFlaw(value)
      if (flaw) context.addIssue({ code: 'custom', message: flaw })
    })
    .meta({ maxLength: charactersMax })
}

/** Characters as people and PostgreSQL count them; JavaScript counts an emoji twice. */
function tooLong(value: string, charactersMax: number): string | undefined {
  if (value.length <= charactersMax) return undefined
  const isTooLong = value.length > 2 * charactersMax || [...value].length > charactersMax
  return isTooLong ? `must have at most ${charactersMax} characters` : undefined
}
