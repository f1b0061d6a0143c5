export function isCi(): boolean {
  return process.env.CI === 'true'
}

interface Need {
  /** Null when nothing is in the way. */
  why: string | null
  /** What is needed, as the name of a skipped suite tells it. */
  needs: string
  /** Whether CI=true sees to it that nothing is. */
  isThereInCi: boolean
}

/** `describe` for what needs something of the machine: skipped where that is not there, failed when CI=true. */
export function describeNeeding(
  { why, needs, isThereInCi }: Need,
  name: string,
  suite: () => void,
): void {
  if (why === null) describe(name, suite)
  else if (isThereInCi && isCi()) {
    test(name, () => {
      throw new Error(why)
    })
  } else describe.skip(`${name} (needs ${needs})`, suite)
}
