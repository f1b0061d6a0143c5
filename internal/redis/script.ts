import { createHash } from 'node:crypto'

/** A script of Lua, which Redis runs as one step that nothing comes between. */
export interface Script {
  text: string
  /** By which Redis knows it once it has run. */
  sha1: string
}

export function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
