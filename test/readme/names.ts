// Times on a whole second were chosen by the README itself, so they have to be right as they are.
const madeUp =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(?!000000)\d{6}Z|[\w-]{60,}/g

/** A text without what differs from run to run. */
export function shapeOf(text: string): string {
  return text.replace(madeUp, '…')
}

/**
 * Ids, times and cursors differ from run to run, but they have to differ in the same places: what is one
 * id in the README is one id in this run, wherever it turns up again.
 */
export function newNames() {
  const shownOf = new Map<string, string>()
  const realOf = new Map<string, string>()

  function learn(shown: string, real: string): void {
    if (realOf.has(shown) || shownOf.has(real)) return
    realOf.set(shown, real)
    shownOf.set(real, shown)
  }
  return {
    /** A text of the README with this run's names. */
    toReal: (text: string) => text.replace(madeUp, (name) => realOf.get(name) ?? name),
    /** An answer of this run with the README's names; `shown` is what it is about to be compared with. */
    toShown(real: string, shown: string): string {
      const names = shown.match(madeUp) ?? []
      const reals = real.match(madeUp) ?? []
      names.forEach((name, i) => reals[i] !== undefined && learn(name, reals[i]))
      return real.replace(madeUp, (name) => shownOf.get(name) ?? name)
    },
  }
}
